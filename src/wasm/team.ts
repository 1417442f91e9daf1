/** Worker threads, each with a kernel of its own. They are started when they are first asked for, and kept. */
import { BackendFault } from '../backend.js';
import { isShared } from '../image.js';
import type { KernelJob, WasmModule } from './kernel.js';
import type { Answer } from './worker.js';

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
  readonly #thread: WorkerThread;
  /** It answers in the order of the jobs. */
  readonly #waiting: Waiting[] = [];
  #failure: string | undefined;

  /** @throws Error, whose message is a clause for people */
  static start(startWorker: StartWorker, module: WasmModule): Promise<Member> {
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
      member = new Member(thread);
      thread.postMessage({ module }, []);
    });
  }

  private constructor(thread: WorkerThread) {
    this.#thread = thread;
  }

  get hasFailed(): boolean {
    return this.#failure !== undefined;
  }

  /**
   * Computes a region. Memory that is not shared belongs to the worker until the answer brings it back.
   *
   * @throws BackendFault
   */
  compute(job: KernelJob): Promise<Answer> {
    return new Promise((resolve, reject) => {
      if (this.#failure !== undefined) return reject(faultOf(this.#failure));
      this.#waiting.push({ resolve, reject });
      this.#thread.hold?.(true);
      const own = [job.input, job.output].filter((image) => !isShared(image));
      this.#thread.postMessage(
        job,
        own.map(({ data }) => data.buffer as ArrayBuffer),
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

/** The workers of a backend. */
export class Team {
  readonly #startWorker: StartWorker;
  readonly #module: WasmModule;
  #ready: Member[] = [];
  #refusal: string | undefined;

  constructor(startWorker: StartWorker, module: WasmModule) {
    this.#startWorker = startWorker;
    this.#module = module;
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
      this.#ready.push(await Member.start(this.#startWorker, this.#module));
    } catch (error) {
      this.#refusal = (error as Error).message;
    }
  }
}
