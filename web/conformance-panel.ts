/** The conformance suite in the page: runs it, shows how far it is and what came out, saves the report. */
import type { Progress } from '../src/conformance/index.js';
import { connect } from './calls.js';
import { save } from './download.js';
import { byId, element } from './element.js';
import { countText, durationText } from './text.js';
import type { SavedReport, WorkerFunctions } from './worker.js';

/** @param startWorker a worker of its own, so that the picture goes on working */
export function conformancePanel(startWorker: () => Worker, version: string): void {
  const run = byId<HTMLButtonElement>('conformance-run');
  const stop = byId<HTMLButtonElement>('conformance-stop');
  const bar = byId<HTMLProgressElement>('conformance-progress');
  const status = byId('conformance-status');
  const result = byId('conformance-result');

  run.addEventListener('click', async () => {
    const controller = new AbortController();
    const quick = byId<HTMLInputElement>('conformance-quick').checked;
    const engine = connect<WorkerFunctions>(startWorker());
    stop.onclick = () => controller.abort();
    run.hidden = true;
    stop.hidden = bar.hidden = false;
    stop.focus();
    bar.removeAttribute('value');
    result.replaceChildren();
    status.textContent = 'Opening every backend …';
    try {
      const saved = await engine.call(
        'conformance',
        { quick, version },
        {
          signal: controller.signal,
          onReport: ({ doneCases, caseCount, failed }: Progress) => {
            bar.value = doneCases / caseCount;
            status.textContent = `${countText(doneCases)} of ${countText(caseCount)} cases, ${countText(failed)} failed`;
          },
        },
      );
      status.textContent = '';
      result.replaceChildren(...reportElements(saved));
    } catch (error) {
      status.textContent = controller.signal.aborted ? 'Stopped.' : (error as Error).message;
    } finally {
      engine.close();
      stop.hidden = bar.hidden = true;
      run.hidden = false;
      run.focus();
    }
  });
}

function reportElements({ report, html, json }: SavedReport): HTMLElement[] {
  const { passed, reasons, notRun, subjects, caseIds, elapsedMs } = report;
  const sentence = passed
    ? `Every byte of ${countText(caseIds.length)} cases equals the definition.`
    : reasons.join(' ');
  const verdict = element(
    'p',
    { class: `outcome ${passed ? 'pass' : 'fail'}`, id: 'conformance-verdict' },
    element('b', {}, passed ? 'Passed' : 'Failed'),
    element('span', {}, [sentence, ...notRun].join(' ')),
  );
  const rows = subjects.map(({ subject, device, missing, groups, failures }) => {
    const bytes = groups.reduce((sum, group) => sum + group.bytes, 0);
    const outcome = missing === undefined ? `${countText(failures.length)} failed` : 'not run';
    return element(
      'tr',
      {},
      element('th', { scope: 'row' }, subject, element('small', {}, missing ?? device)),
      element('td', {}, countText(bytes)),
      element('td', {}, outcome),
    );
  });
  const head = ['Backend', 'Bytes compared', 'Cases'].map((title) => element('th', { scope: 'col' }, title));
  const table = element('table', {}, element('thead', {}, element('tr', {}, ...head)), element('tbody', {}, ...rows));
  const name = `neighbor-product-conformance-${report.date.slice(0, 10)}`;
  const buttons = element(
    'p',
    { class: 'row' },
    saveButton('Save as HTML', new Blob([html], { type: 'text/html' }), `${name}.html`),
    saveButton('Save as JSON', new Blob([json], { type: 'application/json' }), `${name}.json`),
    element('span', { class: 'quiet' }, `in ${durationText(elapsedMs)}`),
  );
  return [verdict, table, buttons];
}

function saveButton(label: string, content: Blob, name: string): HTMLButtonElement {
  const button = element('button', { type: 'button' }, label);
  button.addEventListener('click', () => save(content, name));
  return button;
}
