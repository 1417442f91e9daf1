/** Calls between the page and its worker: functions there look like functions here. */

/** The functions of a worker. The last argument of each is what {@link connect} takes beside the call's own. */
export type Served = Record<string, (argument: never, call: ServedCall) => Promise<unknown>>;

/** What a function of the worker gets beside its argument. */
export interface ServedCall {
  /** Aborted when the page aborts the call. */
  readonly signal: AbortSignal;
  /** Sends something to the page before the result. */
  readonly report: (value: unknown) => void;
  /** Moves memory to the page with the result, instead of copying it. */
  readonly move: (memory: ArrayBufferLike) => void;
}

interface Request {
  readonly id: number;
  /** Absent: abort the call. */
  readonly name?: string;
  readonly argument?: unknown;
}

type Response = { readonly id: number } & (
  | { readonly value: unknown }
  | { readonly report: unknown }
  | { readonly message: string; readonly code: unknown }
);

/** The part of a worker's global object that is used. */
interface WorkerGlobal {
  onmessage: ((event: MessageEvent<Request>) => void) | null;
  postMessage(response: Response, moved?: Transferable[]): void;
}

/** In the worker: answers calls. */
export function serve(functions: Served): void {
  const page = globalThis as unknown as WorkerGlobal;
  const running = new Map<number, AbortController>();
  page.onmessage = async ({ data: { id, name, argument } }) => {
    if (name === undefined) {
      running.get(id)?.abort();
      return;
    }
    const controller = new AbortController();
    running.set(id, controller);
    const moved: Transferable[] = [];
    try {
      const value = await functions[name](argument as never, {
        signal: controller.signal,
        report: (report) => page.postMessage({ id, report }),
        move: (memory) => void moved.push(memory as ArrayBuffer),
      });
      page.postMessage({ id, value }, moved);
    } catch (error) {
      const { message = String(error), code } = error as { message?: string; code?: unknown };
      page.postMessage({ id, message, code });
    } finally {
      running.delete(id);
    }
  };
}

/** How to call a function of the worker. */
interface CallSettings {
  /** Memory to move to the worker. */
  readonly move?: readonly ArrayBufferLike[];
  readonly signal?: AbortSignal | undefined;
  readonly onReport?: (report: never) => void;
}

/** An error of a function in the worker. */
class CallError extends Error {
  readonly code: unknown;

  constructor(message: string, code?: unknown) {
    super(message);
    this.code = code;
  }
}

/** A worker as the page sees it. */
export interface Connection<Functions extends Served> {
  call<Name extends keyof Functions & string>(
    name: Name,
    argument: Parameters<Functions[Name]>[0],
    settings?: CallSettings,
  ): ReturnType<Functions[Name]>;
  close(): void;
}

/** In the page: calls the functions of a worker. */
export function connect<Functions extends Served>(worker: Worker): Connection<Functions> {
  interface Waiting extends CallSettings {
    readonly resolve: (value: unknown) => void;
    readonly reject: (error: unknown) => void;
  }
  const waiting = new Map<number, Waiting>();
  let count = 0;
  worker.onmessage = ({ data }: MessageEvent<Response>) => {
    const call = waiting.get(data.id);
    if ('report' in data) {
      (call?.onReport as ((report: unknown) => void) | undefined)?.(data.report);
      return;
    }
    waiting.delete(data.id);
    if ('value' in data) call?.resolve(data.value);
    else call?.reject(new CallError(data.message, data.code));
  };
  worker.onerror = ({ message }) => {
    for (const { reject } of waiting.values())
      reject(new CallError(message || 'The worker of this page did not load.'));
    waiting.clear();
  };
  const call = (name: string, argument: unknown, settings: CallSettings = {}) => {
    const { move = [], signal } = settings;
    return new Promise((resolve, reject) => {
      const id = ++count;
      waiting.set(id, { ...settings, resolve, reject });
      signal?.addEventListener('abort', () => {
        worker.postMessage({ id });
        waiting.delete(id);
        reject(signal.reason);
      });
      worker.postMessage({ id, name, argument }, move as ArrayBuffer[]);
    });
  };
  return { call: call as Connection<Functions>['call'], close: () => worker.terminate() };
}
