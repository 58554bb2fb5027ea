import { cpus, loadavg, release, totalmem, type } from "node:os";

/** Where the figures come from. `load`: what else the machine was doing when the run began. */
/** Something else computes here, and threads that wait for one another (those of OpenMP above all) stand still with it. */
export const isBusy = ({ load, cores }) => load > cores / 2;

export const machine = () => ({
  cpu: cpus()[0]?.model ?? "unknown",
  cores: cpus().length,
  memory_gb: Math.round(totalmem() / 2 ** 30),
  system: `${type()} ${release()}`,
  node: process.version,
  load: Number(loadavg()[0].toFixed(1)),
});
