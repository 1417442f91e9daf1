/** Worker threads, each with a kernel of its own. They are started when they are first asked for, and kept. */
import { BackendFault } from '../backend.js';
import { makeMemory, type WasmModule } from './kernel.js';
import { memoryPages } from './kernel-code.js';
import { compileSharingModule } from './open.js';
import { type KernelJob, type LaidPiece, type SlotLayout, Slots } from './slots.js';
import type { Answer, Start } from './worker.js';

/** A worker thread, in Node or in a page. */
export interface WorkerThread {
  postMessage(message: unknown, transfer: readonly ArrayBuffer[]): void;
  /** Whether it keeps the process alive, where it could. */
  hold?(isHeld: boolean): void;
  terminate(): void;
}

/** What becomes of it. */
export interface WorkerListener {
  message(message: 'ready' | Answer): void;
  /** @param reason a clause for people */
  failure(reason: string): void;
}

/** Starts a thread that runs the text of worker.ts. @throws where none may be started */
export type StartWorker = (listener: WorkerListener) => WorkerThread;

interface Waiting {
  readonly resolve: (answer: Answer) => void;
  readonly reject: (reason: BackendFault) => void;
}

/** A worker that is ready. */
export class Member {
  /** Those of its memory, where that is shared. */
  readonly slots: Slots | undefined;
  readonly #thread: WorkerThread;
  /** It answers in the order of the jobs. */
  readonly #waiting: Waiting[] = [];
  #failure: string | undefined;

  /** @throws Error, whose message is a clause for people */
  static start(startWorker: StartWorker, start: Start, slots: Slots | undefined): Promise<Member> {
    return new Promise((resolve, reject) => {
      let member: Member | undefined;
      const thread = startWorker({
        message: (message) => {
          if (message !== 'ready') return member!.#answer(message);
          thread.hold?.(false); // until it has a job, which it may never get
          resolve(member!);
        },
        failure: (reason) => {
          reject(new Error(reason));
          if (member) member.#fail(reason);
        },
      });
      member = new Member(thread, slots);
      thread.postMessage(start, []);
    });
  }

  private constructor(thread: WorkerThread, slots: Slots | undefined) {
    this.#thread = thread;
    this.slots = slots;
  }

  get hasFailed(): boolean {
    return this.#failure !== undefined;
  }

  /**
   * Computes a region, or what lies in a slot. Memory that is not shared belongs to the worker until the answer brings it
   * back.
   *
   * @throws BackendFault
   */
  compute(job: KernelJob | LaidPiece): Promise<Answer> {
    return new Promise((resolve, reject) => {
      if (this.#failure !== undefined) return reject(faultOf(this.#failure));
      this.#waiting.push({ resolve, reject });
      this.#thread.hold?.(true);
      const buffers = 'columns' in job ? [] : [job.input.data.buffer, job.output.data.buffer];
      this.#thread.postMessage(
        job,
        buffers.filter((buffer) => buffer instanceof ArrayBuffer),
      );
    });
  }

  end(): void {
    this.#fail('the worker was given back');
    this.#thread.terminate();
  }

  #answer(answer: Answer): void {
    this.#waiting.shift()!.resolve(answer);
    if (this.#waiting.length === 0) this.#thread.hold?.(false);
  }

  #fail(reason: string): void {
    this.#failure ??= reason;
    for (const { reject } of this.#waiting.splice(0)) reject(faultOf(this.#failure));
  }
}

function faultOf(reason: string): BackendFault {
  return new BackendFault('A worker of the WebAssembly kernel failed', reason);
}

/** How a team's workers are started. */
export interface TeamOptions {
  readonly startWorker: StartWorker;
  /** For workers whose memory is not shared. */
  readonly module: WasmModule;
  /** Of any kernel. */
  readonly layout: SlotLayout;
  /** Whether threads may share memory. */
  readonly sharesMemory: boolean;
}

/** The workers of a backend. */
export class Team {
  readonly #options: TeamOptions;
  #ready: Member[] = [];
  #refusal: string | undefined;

  constructor(options: TeamOptions) {
    this.#options = options;
  }

  /** Why a worker did not start, a clause for people; then no more are tried. */
  get refusal(): string | undefined {
    return this.#refusal;
  }

  /** Workers that are ready, as many as are asked for or as start. Never throws. */
  async members(count: number): Promise<readonly Member[]> {
    this.#ready = this.#ready.filter(({ hasFailed }) => !hasFailed);
    const missing = this.#refusal === undefined ? Math.max(0, count - this.#ready.length) : 0;
    await Promise.all(Array.from({ length: missing }, () => this.#start()));
    return this.#ready.slice(0, count);
  }

  /** Ends all workers. The next work starts new ones. */
  end(): void {
    for (const member of this.#ready.splice(0)) member.end();
  }

  async #start(): Promise<void> {
    try {
      this.#ready.push(await this.#startMember());
    } catch (error) {
      this.#refusal = (error as Error).message;
    }
  }

  async #startMember(): Promise<Member> {
    const { startWorker, module, layout, sharesMemory } = this.#options;
    const sharingModule = sharesMemory ? await compileSharingModule() : undefined;
    if (sharingModule === undefined) return Member.start(startWorker, { module, memory: memoryPages }, undefined);
    const memory = makeMemory(memoryPages, true);
    return Member.start(startWorker, { module: sharingModule, memory }, new Slots(memory.buffer, layout));
  }
}
