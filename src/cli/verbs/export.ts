/** `recurve export`: a trained model for programs without Recurve. */
import { join } from "node:path";
import { type Exported, type ExportFormat, exportGraphs, load } from "../../runtime/index.js";
import { count, table } from "../format.js";
import type { Session } from "../session.js";
import type { LengthOptions } from "../values.js";

export interface ExportOptions extends LengthOptions {
  readonly format: ExportFormat;
  readonly batch: number;
  readonly values?: readonly string[];
  readonly out?: string;
}

export async function exportModel(dir: string, { out, ...options }: ExportOptions, session: Session): Promise<void> {
  const { output } = session;
  session.phase = `loading ${dir}`;
  // next to nothing is computed
  const network = await load(dir, { backend: "cpu" });
  try {
    session.phase = `exporting ${network.model.name}`;
    const exported = await exportGraphs(network, out ?? join(dir, options.format), options);
    const { graphs, ...rest } = exported;
    output.event({
      event: "exported",
      model: network.model.name,
      format: options.format,
      ...rest,
      graphs: graphs.map(({ file, nodes, about }) => ({
        file,
        nodes,
        inputs: Object.keys(about.inputs),
        outputs: Object.keys(about.outputs),
      })),
    });
    output.data(describe(exported));
    for (const [axis, reason] of Object.entries(exported.stepless))
      output.message(`there is no graph of one step along ${axis}: ${reason}`);
  } finally {
    network.dispose();
  }
}

function describe({ dir, graphs }: Exported): string {
  const rows = graphs.map(({ file, nodes, about }) => [
    file,
    `${count(nodes)} nodes`,
    `${Object.keys(about.inputs).join(", ") || "nothing"} → ${Object.keys(about.outputs).join(", ")}`,
  ]);
  return `${dir}\n${table(rows)}`;
}
