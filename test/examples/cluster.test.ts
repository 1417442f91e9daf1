/**
 * The files for Kubernetes, Slurm and AWS Batch: by their schemas and parsers, by what they say together with the
 * command's exit codes and `--shard`, and as each engine would run them, in processes.
 */
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import type { Job } from 'kubernetes-types/batch/v1.js';
import ts from 'typescript';
import { beforeEach, describe, expect, test } from 'vitest';
import { parseDocument } from 'yaml';
import { EXIT_CODES } from '../../src/cli/exit-codes.js';
import { ended, folderWith, listing, MAIN, pixelsIn, productOf, run, testImage } from '../cli/command.js';
import { ROOT, readPage } from '../docs/pages.js';
import { encodePng } from '../encode-png.js';

/** What an engine has to do about a run that ended so. */
const KINDS: Readonly<Record<number, 'done' | 'invalid' | 'permanent' | 'temporary' | 'interrupted'>> = {
  0: 'done',
  1: 'permanent',
  2: 'invalid',
  3: 'permanent',
  4: 'permanent',
  5: 'permanent',
  70: 'permanent',
  75: 'temporary',
  130: 'interrupted',
  143: 'interrupted',
};
/** By SIGKILL, as shells report it. */
const KILLED = 137;
/** No engine closes standard output. */
const NEVER = [141];

const codesOf = (kind: string) =>
  Object.keys(KINDS)
    .map(Number)
    .filter((code) => KINDS[code] === kind);

test('every exit code has its kind', () => {
  const codes = EXIT_CODES.map(({ exitCode }) => exitCode).filter((exitCode) => !NEVER.includes(exitCode));
  expect(Object.keys(KINDS).map(Number)).toEqual(expect.arrayContaining(codes));
});

test('docs/many-machines.md says the same', () => {
  const page = readPage('docs/many-machines.md');
  const [, section] = page.split('## Exit codes\n');
  const codes = [...section.matchAll(/^\| ([\d, ]+) \|/gm)].flatMap(([, cell]) => [cell.split(', ').map(Number)]);
  const kinds = ['done', 'permanent', 'invalid', 'temporary', 'interrupted'];
  expect(codes).toEqual([...kinds.map(codesOf), [KILLED]]);
  const attempts = [/at most (\d+) times \|/, /requeued, at most (\d+) times/, /at most (\d+) attempts/].map(
    (pattern) => Number(pattern.exec(section)![1]),
  );
  const limits = [
    ['kubernetes/job.yaml', /backoffLimitPerIndex: (\d+)/],
    ['slurm/transform.sh', /restarts < (\d+)/],
    ['aws-batch/job-definition.json', /"attempts": (\d+)/],
  ] as const;
  expect(attempts).toEqual(limits.map(([name, pattern]) => Number(pattern.exec(readPage(`examples/${name}`))![1])));
});

/** The n of `--shard auto/n`. */
function shardsIn(args: readonly string[]): number {
  return Number(/^auto\/(\d+)$/.exec(args[args.indexOf('--shard') + 1])![1]);
}

describe('kubernetes/job.yaml', () => {
  const document = parseDocument(readPage('examples/kubernetes/job.yaml'), { strict: true, uniqueKeys: true });
  const job: Required<Job> = document.toJS();
  const spec = job.spec!;
  const pod = spec.template.spec!;
  const [container] = pod.containers;
  const rules = spec.podFailurePolicy!.rules;

  test('is YAML, and a Job by its type', () => {
    expect([...document.errors, ...document.warnings]).toEqual([]);
    const jobs = [job, { ...job, spec: { ...spec, completion: 16 } }, { ...job, spec: { ...spec, completions: '16' } }];
    expect(typeErrorsOf(jobs)).toEqual([
      [],
      [expect.stringContaining("does not exist in type 'JobSpec'")],
      ["Type 'string' is not assignable to type 'number'."],
    ]);
  });

  test('has as many completions as shards, and lets each of them have a bad image', () => {
    const { completionMode, completions, maxFailedIndexes, parallelism, backoffLimitPerIndex } = spec;
    expect({ completionMode, completions, maxFailedIndexes }).toEqual({
      completionMode: 'Indexed',
      completions: shardsIn(container.args!),
      maxFailedIndexes: completions,
    });
    expect(parallelism).toBeLessThanOrEqual(completions!);
    expect(backoffLimitPerIndex).toBeGreaterThan(0);
  });

  /** As the job controller reads the rules; `Count` is what it does where none matches. */
  function actionOf(exitCode: number, conditions: readonly string[] = []): string {
    const rule = rules.find(
      ({ onExitCodes, onPodConditions = [] }) =>
        (onExitCodes?.operator === 'In' && onExitCodes.values.includes(exitCode)) ||
        onPodConditions.some(({ type, status }) => status === 'True' && conditions.includes(type)),
    );
    return rule?.action ?? 'Count';
  }

  test('fails an index, the job, or tries again, as the exit code says', () => {
    const actions = { invalid: 'FailJob', permanent: 'FailIndex', temporary: 'Count', interrupted: 'Count' };
    for (const [kind, action] of Object.entries(actions)) {
      for (const code of codesOf(kind)) expect({ code, action: actionOf(code) }).toEqual({ code, action });
    }
    expect([143, KILLED].map((code) => actionOf(code, ['DisruptionTarget']))).toEqual(['Ignore', 'Ignore']);
  });

  test('keeps what the API server asks of a policy', () => {
    expect(pod.restartPolicy).toBe('Never');
    expect(rules.length).toBeLessThanOrEqual(20);
    for (const { action, onExitCodes, onPodConditions } of rules) {
      expect(['Ignore', 'Count', 'FailIndex', 'FailJob']).toContain(action);
      expect([onExitCodes, onPodConditions].filter((condition) => condition !== undefined)).toHaveLength(1);
      if (onExitCodes === undefined) continue;
      const { containerName, operator, values } = onExitCodes;
      expect({ containerName, operator }).toEqual({ containerName: container.name, operator: 'In' });
      expect(values).toEqual([...new Set(values)].sort((one, other) => one - other));
      expect(values).not.toContain(0);
    }
  });

  test('mounts the folders of its arguments, the inputs to be read only', () => {
    const mounts = container.volumeMounts!;
    const [input, , output] = container.args!;
    expect(mounts.map(({ mountPath, readOnly = false }) => [mountPath, readOnly])).toEqual([
      [input, true],
      [output.replace(/\/$/, ''), false],
    ]);
    const volumes = pod.volumes!.map(({ name }) => name);
    for (const { name } of mounts) expect(volumes).toContain(name);
  });

  test('has no rights, and time to finish an image', () => {
    expect(pod.securityContext).toMatchObject({ runAsNonRoot: true, runAsUser: 1000, fsGroup: 1000 });
    expect(container.securityContext).toEqual({
      allowPrivilegeEscalation: false,
      readOnlyRootFilesystem: true,
      capabilities: { drop: ['ALL'] },
    });
    expect(pod.automountServiceAccountToken).toBe(false);
    expect(pod.terminationGracePeriodSeconds).toBeGreaterThanOrEqual(60);
  });
});

/** Of each job. The compiler also finds fields of an object literal that its type does not have, at any depth. */
function typeErrorsOf(jobs: readonly unknown[]): string[][] {
  const texts = jobs.map(
    (job) => `import type { Job } from 'kubernetes-types/batch/v1';\nexport const job: Job = ${JSON.stringify(job)};\n`,
  );
  const names = texts.map((_, at) => path.join(ROOT, `test/examples/job-${at}.ts`));
  const { Bundler: moduleResolution } = ts.ModuleResolutionKind;
  const lib = ['lib.es2022.d.ts'];
  const options = { module: ts.ModuleKind.ESNext, moduleResolution, lib, strict: true, types: [], skipLibCheck: true };
  const host = ts.createCompilerHost(options);
  const readSource = host.getSourceFile;
  host.getSourceFile = (file, ...rest) =>
    names.includes(file) ? ts.createSourceFile(file, texts[names.indexOf(file)], rest[0]) : readSource(file, ...rest);
  const diagnostics = ts.getPreEmitDiagnostics(ts.createProgram(names, options, host));
  return names.map((name) =>
    diagnostics
      .filter(({ file }) => file?.fileName === name)
      .map(({ messageText }) => ts.flattenDiagnosticMessageText(messageText, '\n')),
  );
}

describe('aws-batch/job-definition.json', () => {
  const text = readPage('examples/aws-batch/job-definition.json');
  const definition = JSON.parse(text);
  const { containerProperties, retryStrategy } = definition;
  const args: string[] = containerProperties.command;
  const conditions: Condition[] = retryStrategy.evaluateOnExit;

  interface Condition {
    readonly onExitCode?: string;
    readonly onReason?: string;
    readonly onStatusReason?: string;
    readonly action: 'RETRY' | 'EXIT';
  }

  const VALIDATE = `
import json, sys, botocore.session, botocore.validate
shape = botocore.session.get_session().get_service_model('batch').operation_model('RegisterJobDefinition').input_shape
print(botocore.validate.ParamValidator().validate(json.load(sys.stdin), shape).generate_report())`;
  const hasBotocore = spawnSync('python3', ['-c', 'import botocore']).status === 0;

  function complaintsOf(request: unknown): string {
    const { stdout, stderr } = spawnSync('python3', ['-c', VALIDATE], { input: JSON.stringify(request) });
    return `${stderr}${stdout}`.trim();
  }

  test.skipIf(!hasBotocore)('is a request of RegisterJobDefinition', () => {
    expect(complaintsOf(definition)).toBe('');
    expect(complaintsOf({ ...definition, retries: 5 })).toContain('retries');
    expect(complaintsOf({ ...definition, retryStrategy: { attempts: '5' } })).toContain('attempts');
  });

  /** All conditions of an entry must hold, the first entry counts; a pattern may end in an asterisk. */
  function actionOf(exitCode: number, statusReason = 'Essential container in task exited', reason = ''): string {
    const matches = (text: string, pattern = '*') =>
      pattern.endsWith('*') ? text.startsWith(pattern.slice(0, -1)) : text === pattern;
    const first = conditions.find(
      ({ onExitCode, onReason, onStatusReason }) =>
        matches(`${exitCode}`, onExitCode) && matches(reason, onReason) && matches(statusReason, onStatusReason),
    );
    return first?.action ?? 'RETRY';
  }

  test('tries again where that helps, and only there', () => {
    const actions = { invalid: 'EXIT', permanent: 'EXIT', temporary: 'RETRY', interrupted: 'EXIT' };
    for (const [kind, action] of Object.entries(actions)) {
      for (const code of codesOf(kind)) expect({ code, action: actionOf(code) }).toEqual({ code, action });
    }
    expect(actionOf(143, 'Host EC2 (instance i-0123456789abcdef0) terminated.')).toBe('RETRY');
    expect(actionOf(1, 'Task failed to start', 'CannotPullContainerError: timeout')).toBe('RETRY');
    expect(conditions.length).toBeLessThanOrEqual(5);
    expect(retryStrategy.attempts).toBeLessThanOrEqual(10);
  });

  test('takes its shard from the array', () => {
    expect(args).toEqual(['/images/in', '-o', '/images/out/', '--shard', 'auto', '--skip-existing', '--json']);
    expect(readPage('examples/README.md')).toMatch(/--array-properties size=\d+/);
  });

  test('mounts the folder of its arguments', () => {
    const [{ containerPath, sourceVolume }] = containerProperties.mountPoints;
    expect([args[0], args[2]].map((folder) => path.posix.dirname(folder))).toEqual([containerPath, containerPath]);
    expect(containerProperties.volumes.map(({ name }: { name: string }) => name)).toEqual([sourceVolume]);
  });
});

describe.skipIf(process.platform === 'win32')('slurm/transform.sh', () => {
  const script = path.join(ROOT, 'examples/slurm/transform.sh');
  const text = readFileSync(script, 'utf8');

  /** The long options of sbatch that the script uses, with what each takes. */
  const OPTIONS: Readonly<Record<string, RegExp>> = {
    'job-name': /^[\w-]+$/,
    array: /^0-\d+$/,
    ntasks: /^1$/,
    'cpus-per-task': /^\d+$/,
    mem: /^\d+[KMGT]$/,
    time: /^\d\d:\d\d:\d\d$/,
    output: /%A_%a/,
    'open-mode': /^append$/,
    requeue: /^$/,
    signal: /^TERM@\d+$/,
  };

  test('has options that sbatch knows, before the first command', () => {
    const lines = text.split('\n');
    const end = lines.findIndex((line) => line !== '' && !line.startsWith('#'));
    const options = lines.slice(0, end).filter((line) => line.startsWith('#SBATCH '));
    expect(options).toHaveLength(text.match(/^#SBATCH/gm)!.length);
    const pairs = options.map((line) => /^#SBATCH --([\w-]+)(?:=(\S+))?$/.exec(line)!.slice(1));
    expect(pairs.map(([name]) => name)).toEqual(Object.keys(OPTIONS));
    for (const [name, value = ''] of pairs) expect(value, name).toMatch(OPTIONS[name]);
  });

  test('is bash', () => {
    expect(spawnSync('bash', ['-n', script])).toMatchObject({ status: 0 });
    expect(spawnSync('bash', ['-n'], { input: text.replace('esac', '') }).status).not.toBe(0);
  });

  test.skipIf(spawnSync('shellcheck', ['--version']).status !== 0)('has nothing that a linter finds', () => {
    const lint = (input: string) => `${spawnSync('shellcheck', ['-'], { input }).stdout}`;
    expect(lint(text)).toBe('');
    expect(lint(text.replace('exit "$code"', 'exit $other'))).toContain('SC2154');
  });

  test.skipIf(spawnSync('sbatch', ['--version'], offline()).error !== undefined)('is what sbatch can submit', () => {
    const submit = (changed: string) => {
      const cwd = folderWith({ 'transform.sh': changed });
      return `${spawnSync('sbatch', ['--test-only', 'transform.sh', 'in', 'out'], { ...offline(), cwd }).stderr}`;
    };
    expect(submit(text)).toContain('Unable to contact slurm controller'); // only once the options are understood
    expect(submit(text.replace('--requeue', '--requeues'))).toContain("unrecognized option '--requeues'");
    expect(submit(text.replace('TERM@120', 'TERM@soon'))).toContain('Invalid --signal specification');
  });

  /** For programs of Slurm where no cluster is: nothing answers on port 1. */
  function offline() {
    const settings = 'ClusterName=none\nSlurmctldHost=localhost(127.0.0.1)\nSlurmctldPort=1\nMessageTimeout=2\n';
    return { env: { ...process.env, SLURM_CONF: path.join(folderWith({ 'slurm.conf': settings }), 'slurm.conf') } };
  }

  interface Ending {
    readonly exitCode: number;
    readonly state: string;
    /** Not set in the first run. */
    readonly restarts?: string | undefined;
  }

  /** With stand-ins for Slurm's programs and for the command. */
  function task({ exitCode, state, restarts }: Ending) {
    const folder = folderWith({
      srun: '#!/bin/sh\nshift\nexec "$@"\n',
      squeue: `#!/bin/sh\necho ${state}\n`,
      scontrol: '#!/bin/sh\necho "$@"\n',
      'neighbor-product': `#!/bin/bash\necho "$@"\ntrap 'exit 143' TERM\n${exitCode === 143 ? 'while :; do sleep 0.1; done' : `exit ${exitCode}`}\n`,
    });
    for (const name of listing(folder)) chmodSync(path.join(folder, name), 0o755);
    const env = {
      ...process.env,
      PATH: `${folder}:${process.env.PATH}`,
      SLURM_JOB_ID: '17',
      ...(restarts === undefined ? {} : { SLURM_RESTART_COUNT: restarts }),
    };
    return spawn('bash', [script, 'in', 'out/'], { env, detached: true, stdio: ['ignore', 'pipe', 'pipe'] });
  }

  const COMMAND = 'in -o out/ --shard auto --skip-existing --json\n';
  const REQUEUED = `${COMMAND}requeue 17\n`;

  const RUNNING = { state: 'RUNNING', restarts: '0' };

  test.each<Ending & { stdout: string }>([
    ...[0, ...codesOf('invalid'), ...codesOf('permanent'), KILLED].map((exitCode) => ({
      exitCode,
      ...RUNNING,
      stdout: COMMAND,
    })),
    ...codesOf('temporary').map((exitCode) => ({ exitCode, ...RUNNING, stdout: REQUEUED })),
    { exitCode: 75, ...RUNNING, restarts: undefined, stdout: REQUEUED },
    { exitCode: 75, ...RUNNING, restarts: '9', stdout: REQUEUED },
    { exitCode: 75, ...RUNNING, restarts: '10', stdout: COMMAND },
    { exitCode: 75, ...RUNNING, state: 'COMPLETING', stdout: COMMAND },
  ])('exit code $exitCode in the state $state after $restarts restarts', async ({ stdout, ...ending }) => {
    const outcome = await ended(task(ending));
    expect({ ...outcome, stdout: `${outcome.stdout}` }).toMatchObject({ exitCode: ending.exitCode, stdout });
  });

  test.each([
    { state: 'RUNNING', stdout: REQUEUED },
    { state: 'COMPLETING', stdout: COMMAND },
  ])('SIGTERM to all processes of a task that is $state', async ({ state, stdout }) => {
    const child = task({ exitCode: 143, state });
    const end = ended(child);
    await once(child.stdout, 'data');
    process.kill(-child.pid!, 'SIGTERM');
    const outcome = await end;
    expect({ ...outcome, stdout: `${outcome.stdout}` }).toMatchObject({ exitCode: 143, stdout });
  });
});

describe('as the engines run them', () => {
  const names = Array.from({ length: 40 }, (_, at) => `${['', 'a/', 'a/b/'][at % 3]}${at}.png`);
  const files = Object.fromEntries(names.map((name, at) => [name, encodePng(testImage(3 + at, 4))]));

  let folder: string;
  beforeEach(() => {
    folder = folderWith(Object.fromEntries(names.map((name) => [`in/${name}`, files[name]])));
  });

  /** Of the records, of which the last one is the total. */
  function inputsIn(stdout: Uint8Array): string[] {
    const records = Buffer.from(stdout)
      .toString()
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line));
    return records.slice(0, -1).map(({ input }) => input);
  }

  /** Which images each of the runs wrote. */
  async function runEach(variables: readonly NodeJS.ProcessEnv[], args: readonly string[]): Promise<string[][]> {
    const written: string[][] = [];
    for (const env of variables) {
      const words = args.map((word) => word.replace(/^\/images/, folder));
      const { exitCode, stdout, stderr } = await run(words, { cwd: folder, env });
      expect(exitCode, stderr).toBe(0);
      written.push(inputsIn(stdout).map((input) => path.relative(`${folder}/in`, input)));
    }
    return written;
  }

  /** Each image once, and none without its bytes. */
  function expectAll(written: readonly string[][]): void {
    expect(written.flat().sort()).toEqual([...names].sort());
    expect(written.filter((some) => some.length > 0).length).toBeGreaterThan(written.length / 2);
    for (const name of names) {
      const output = path.join(folder, 'out', name);
      expect(existsSync(output), name).toBe(true);
      expect(Buffer.compare(pixelsIn(readFileSync(output)), productOf(files[name]).data), name).toBe(0);
    }
  }

  const indicesOf = (size: number) => Array.from({ length: size }, (_, at) => at);

  test('Kubernetes', async () => {
    const job: Job = parseDocument(readPage('examples/kubernetes/job.yaml')).toJS();
    const { completions, template } = job.spec!;
    const { args } = template.spec!.containers[0];
    expectAll(
      await runEach(
        indicesOf(completions!).map((index) => ({ JOB_COMPLETION_INDEX: `${index}` })),
        args!,
      ),
    );
  });

  test('AWS Batch', async () => {
    const { containerProperties } = JSON.parse(readPage('examples/aws-batch/job-definition.json'));
    const size = Number(/size=(\d+)/.exec(readPage('examples/README.md'))![1]);
    expectAll(
      await runEach(
        indicesOf(size).map((index) => ({
          AWS_BATCH_JOB_ARRAY_INDEX: `${index}`,
          AWS_BATCH_JOB_ARRAY_SIZE: `${size}`,
        })),
        containerProperties.command,
      ),
    );
  });

  test.skipIf(process.platform === 'win32')('Slurm', async () => {
    const programs = folderWith({
      srun: '#!/bin/sh\nshift\nexec "$@"\n',
      'neighbor-product': `#!/bin/sh\nexec "${process.execPath}" "${MAIN}" "$@"\n`,
    });
    for (const name of listing(programs)) chmodSync(path.join(programs, name), 0o755);
    const last = Number(/--array=0-(\d+)$/m.exec(readPage('examples/slurm/transform.sh'))![1]);
    const written: string[][] = [];
    for (const index of indicesOf(last + 1)) {
      const env = {
        ...process.env,
        PATH: `${programs}:${process.env.PATH}`,
        SLURM_JOB_ID: `${100 + index}`,
        SLURM_ARRAY_TASK_ID: `${index}`,
        SLURM_ARRAY_TASK_MIN: '0',
        SLURM_ARRAY_TASK_MAX: `${last}`,
        SLURM_ARRAY_TASK_COUNT: `${last + 1}`,
        SLURM_ARRAY_TASK_STEP: '1',
      };
      const child = spawn('bash', [path.join(ROOT, 'examples/slurm/transform.sh'), 'in', 'out'], { env, cwd: folder });
      const { exitCode, stdout, stderr } = await ended(child);
      expect(exitCode, stderr).toBe(0);
      written.push(inputsIn(stdout).map((input) => path.relative('in', input)));
    }
    expectAll(written);
  });
});
