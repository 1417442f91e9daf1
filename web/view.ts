/** The picture on the page: before and after over each other, zoom, moving, and the chosen pixel. */
import type { Place } from '../src/regions.js';
import { drawPart, type Level } from './levels.js';
import { MAX_ZOOM } from './settings.js';

/** What the reader does. */
export interface ViewListener {
  /** A pixel was chosen. */
  readonly onPick: (pixel: Place) => void;
  /** The zoom changed; undefined: the whole picture is seen. */
  readonly onZoom: (zoom: number | undefined) => void;
}

/** The step of a button or a key. */
const ZOOM_STEP = 2;
/** A press that moves less, in screen pixels, chooses a pixel. */
const CLICK_DISTANCE = 4;
/** The chosen pixel's frame is at least as wide, in screen pixels, so that it is seen. */
const LEAST_FRAME = 13;

export class View {
  readonly #figure: HTMLElement;
  readonly #before: HTMLCanvasElement;
  readonly #after: HTMLCanvasElement;
  readonly #frame: HTMLElement;
  readonly #listener: ViewListener;
  #levels: { before?: readonly Level[]; after?: readonly Level[] } = {};
  #size = { width: 1, height: 1 };
  /** Undefined: the whole picture is seen. */
  #zoom: number | undefined;
  /** The place in the picture that is in the middle. */
  #middle = { x: 0.5, y: 0.5 };
  #pixel: Place = { x: 0, y: 0 };
  #isDrawing = false;

  constructor(figure: HTMLElement, listener: ViewListener) {
    this.#figure = figure;
    [this.#before, this.#after] = figure.querySelectorAll('canvas');
    this.#frame = figure.querySelector('.frame')!;
    this.#listener = listener;
    new ResizeObserver(() => this.#draw()).observe(figure);
    figure.addEventListener('wheel', (event) => this.#wheel(event), { passive: false });
    figure.addEventListener('keydown', (event) => this.#key(event));
    this.#listenToPointers();
  }

  /** Shows another picture; its product follows. */
  showBefore(levels: readonly Level[], zoom: number | undefined, pixel: Place): void {
    const [{ width, height }] = levels;
    this.#levels = { before: levels };
    this.#size = { width, height };
    this.#figure.style.setProperty('--aspect', `${width} / ${height}`);
    this.#zoom = zoom;
    this.#pixel = pixel;
    this.#middle = { x: pixel.x + 0.5, y: pixel.y + 0.5 };
    this.#draw();
  }

  showAfter(levels: readonly Level[]): void {
    this.#levels = { ...this.#levels, after: levels };
    this.#draw();
  }

  /** Frames a pixel, and brings it into sight. */
  choose(pixel: Place): void {
    this.#pixel = pixel;
    const { scale } = this.#part();
    const reach = { x: this.#figure.clientWidth / scale / 2, y: this.#figure.clientHeight / scale / 2 };
    for (const axis of ['x', 'y'] as const) {
      const [at, middle] = [pixel[axis] + 0.5, this.#middle[axis]];
      if (Math.abs(at - middle) > Math.max(0, reach[axis] - 1)) this.#middle = { ...this.#middle, [axis]: at };
    }
    this.#draw();
  }

  /** Zooms by steps, at the chosen pixel; 0 shows the whole picture. */
  zoomBy(steps: number): void {
    if (steps !== 0) this.#middle = { x: this.#pixel.x + 0.5, y: this.#pixel.y + 0.5 };
    this.#zoomTo(steps === 0 ? undefined : this.#scale * ZOOM_STEP ** steps);
  }

  get #fit(): number {
    const { width, height } = this.#size;
    return Math.min(this.#figure.clientWidth / width, this.#figure.clientHeight / height);
  }

  get #scale(): number {
    return this.#zoom ?? this.#fit;
  }

  /** In screen pixels. */
  #part() {
    const scale = this.#scale;
    const { clientWidth, clientHeight } = this.#figure;
    const left = firstOf(this.#middle.x, clientWidth / scale, this.#size.width);
    const top = firstOf(this.#middle.y, clientHeight / scale, this.#size.height);
    return { left, top, scale };
  }

  #zoomTo(scale: number | undefined, at?: { readonly x: number; readonly y: number }): void {
    const wanted = scale === undefined || scale <= this.#fit ? undefined : Math.min(scale, MAX_ZOOM);
    if (at !== undefined) {
      // The place under the pointer stays there.
      const before = this.#part();
      const place = { x: before.left + at.x / before.scale, y: before.top + at.y / before.scale };
      const after = wanted ?? this.#fit;
      this.#middle = {
        x: place.x + (this.#figure.clientWidth / 2 - at.x) / after,
        y: place.y + (this.#figure.clientHeight / 2 - at.y) / after,
      };
    }
    this.#zoom = wanted;
    this.#draw();
    this.#listener.onZoom(wanted);
  }

  #draw(): void {
    if (this.#isDrawing) return;
    this.#isDrawing = true;
    requestAnimationFrame(() => {
      this.#isDrawing = false;
      const part = this.#part();
      const ratio = devicePixelRatio;
      for (const [canvas, levels] of [
        [this.#before, this.#levels.before],
        [this.#after, this.#levels.after],
      ] as const) {
        const [width, height] = [this.#figure.clientWidth, this.#figure.clientHeight].map((side) =>
          Math.round(side * ratio),
        );
        if (canvas.width !== width) canvas.width = width;
        if (canvas.height !== height) canvas.height = height;
        if (levels) drawPart(canvas, levels, { ...part, scale: part.scale * ratio });
      }
      this.#drawFrame(part);
      this.#figure.classList.toggle('zoomed', this.#zoom !== undefined);
    });
  }

  /** Around the chosen pixel and its neighbours. */
  #drawFrame({ left, top, scale }: { left: number; top: number; scale: number }): void {
    const side = Math.max(3 * scale, LEAST_FRAME);
    const [x, y] = [(this.#pixel.x + 0.5 - left) * scale, (this.#pixel.y + 0.5 - top) * scale];
    const { style } = this.#frame;
    style.width = style.height = `${side}px`;
    style.transform = `translate(${x - side / 2}px, ${y - side / 2}px)`;
  }

  #pick(at: { readonly x: number; readonly y: number }): void {
    const { left, top, scale } = this.#part();
    const pixel = { x: Math.floor(left + at.x / scale), y: Math.floor(top + at.y / scale) };
    const { width, height } = this.#size;
    if (pixel.x < 0 || pixel.y < 0 || pixel.x >= width || pixel.y >= height) return;
    this.#listener.onPick(pixel);
  }

  /** Pinching arrives as a wheel with Ctrl; a wheel alone scrolls the page. */
  #wheel(event: WheelEvent): void {
    if (!event.ctrlKey && !event.metaKey) return;
    event.preventDefault();
    this.#zoomTo(this.#scale * 1.01 ** -event.deltaY, this.#placeOf(event));
  }

  #key(event: KeyboardEvent): void {
    if (event.target !== this.#figure || event.ctrlKey || event.metaKey || event.altKey) return;
    const distance = event.shiftKey ? 10 : 1;
    const steps: Record<string, () => void> = {
      ArrowLeft: () => this.#step(-distance, 0),
      ArrowRight: () => this.#step(distance, 0),
      ArrowUp: () => this.#step(0, -distance),
      ArrowDown: () => this.#step(0, distance),
      '+': () => this.zoomBy(1),
      '=': () => this.zoomBy(1),
      '-': () => this.zoomBy(-1),
      '0': () => this.zoomBy(0),
    };
    const step = steps[event.key];
    if (step === undefined) return;
    event.preventDefault();
    step();
  }

  #step(x: number, y: number): void {
    const clamp = (value: number, length: number) => Math.max(0, Math.min(length - 1, value));
    const { width, height } = this.#size;
    this.#listener.onPick({ x: clamp(this.#pixel.x + x, width), y: clamp(this.#pixel.y + y, height) });
  }

  #placeOf({ clientX, clientY }: { clientX: number; clientY: number }) {
    const { left, top } = this.#figure.getBoundingClientRect();
    return { x: clientX - left - this.#figure.clientLeft, y: clientY - top - this.#figure.clientTop };
  }

  /** One pointer moves the picture or chooses a pixel, two zoom. */
  #listenToPointers(): void {
    const figure = this.#figure;
    const pointers = new Map<number, { x: number; y: number }>();
    let moved = 0;
    figure.addEventListener('pointerdown', (event) => {
      if (event.target instanceof HTMLInputElement) return; // the slider
      pointers.set(event.pointerId, this.#placeOf(event));
      moved = pointers.size > 1 ? Number.POSITIVE_INFINITY : 0;
      figure.setPointerCapture(event.pointerId);
    });
    figure.addEventListener('pointermove', (event) => {
      const before = pointers.get(event.pointerId);
      if (before === undefined) return;
      const now = this.#placeOf(event);
      pointers.set(event.pointerId, now);
      moved += Math.hypot(now.x - before.x, now.y - before.y);
      if (moved <= CLICK_DISTANCE) return;
      const [other] = [...pointers].filter(([id]) => id !== event.pointerId).map(([, place]) => place);
      if (other !== undefined) {
        const distance = (place: { x: number; y: number }) => Math.hypot(place.x - other.x, place.y - other.y);
        this.#zoomTo((this.#scale * distance(now)) / Math.max(1, distance(before)), other);
      } else if (this.#zoom !== undefined) {
        const { left, top, scale } = this.#part();
        const { clientWidth, clientHeight } = figure;
        this.#middle = {
          x: left + clientWidth / scale / 2 - (now.x - before.x) / scale,
          y: top + clientHeight / scale / 2 - (now.y - before.y) / scale,
        };
        this.#draw();
      }
    });
    const end = (event: PointerEvent) => {
      if (pointers.delete(event.pointerId) && event.type === 'pointerup' && moved <= CLICK_DISTANCE) {
        this.#pick(this.#placeOf(event));
      }
    };
    figure.addEventListener('pointerup', end);
    figure.addEventListener('pointercancel', end);
  }
}

/** Where the seen part of a side begins: with the wanted middle, without empty space where the picture is longer. */
function firstOf(middle: number, seen: number, length: number): number {
  if (seen >= length) return (length - seen) / 2;
  return Math.max(0, Math.min(length - seen, middle - seen / 2));
}
