import { signal } from "@preact/signals";
import type { VNode } from "preact";
import { texts } from "../language/language.ts";
import { FileButton } from "../parts/file-button.tsx";
import { Trouble } from "../parts/trouble.tsx";
import { ChartView } from "./chart.tsx";
import { type Report, readReport, type Table } from "./read-report.ts";

const shown = signal<Report | undefined>(undefined);
const problem = signal("");

/** Shows a report of `drover bench` or `drover tune` from a file, which stays in the browser. */
export function View(): VNode {
  const { bench, benchText, dropReport, openReport } = texts.value;
  return (
    <main id="content" class="bench" tabIndex={0} onDragOver={(event) => event.preventDefault()} onDrop={onDrop}>
      <h2 class="hidden">{bench}</h2>
      <div class={shown.value === undefined ? "drop" : "summary"}>
        <p class="note">{benchText}</p>
        <FileButton
          label={openReport}
          class="primary"
          accept=".json,.html,application/json,text/html"
          onFiles={([file]) => void show(file)}
        >
          {openReport}
        </FileButton>
        {shown.value === undefined && <p class="note by-mouse">{dropReport}</p>}
      </div>
      <Trouble text={problem.value} />
      {shown.value !== undefined && <ReportView report={shown.value} />}
    </main>
  );
}

function onDrop(event: DragEvent): void {
  event.preventDefault();
  void show(event.dataTransfer?.files[0]);
}

async function show(file: File | undefined): Promise<void> {
  if (file === undefined) return;
  const report = readReport(await file.text());
  problem.value = report === undefined ? texts.value.noReport(file.name) : "";
  if (report !== undefined) shown.value = report;
}

function ReportView({ report }: { readonly report: Report }): VNode {
  return (
    <article class="report">
      <h3>{report.title}</h3>
      <p class="note">{report.subtitle}</p>
      {report.verdicts.map((verdict) => (
        <p key={verdict} class="verdict">
          {verdict}
        </p>
      ))}
      <div class="plots">
        {report.charts.map((chart) => (
          <ChartView key={chart.title} chart={chart} />
        ))}
      </div>
      {report.tables.map((table, index) => (
        <TableView key={index} table={table} />
      ))}
      <ul class="note">
        {report.notes.map((note) => (
          <li key={note}>{note}</li>
        ))}
      </ul>
    </article>
  );
}

function TableView({ table: { head, rows } }: { readonly table: Table }): VNode {
  return (
    <div class="table" tabIndex={0} role="group">
      <table>
        <thead>
          <tr>
            {head.map((cell, index) => (
              <th key={index}>{cell}</th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.map((row, index) => (
            <tr key={index}>
              {row.map((cell, column) => (
                <td key={column}>{cell}</td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
