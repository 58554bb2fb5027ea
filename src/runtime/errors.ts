/** What can go wrong at run time through no fault of ours. Each class of error has the exit code that the CLI ends with. */

export abstract class RunError extends Error {
  abstract readonly exitCode: number;
  constructor(message: string) {
    super(message);
    this.name = new.target.name;
  }
}

/** The caller asked for something that cannot be: an unknown name, a missing vocabulary, a wrong shape. Exit code 2. */
export class UsageError extends RunError {
  readonly exitCode = 2;
}

/** The spec itself does not allow what is asked. Exit code 3. */
export class SpecError extends RunError {
  readonly exitCode = 3;
}

/** A model folder that is missing, damaged or of another model. Exit code 4. */
export class ModelFolderError extends RunError {
  readonly exitCode = 4;
}

/** Where numbers stopped being finite: the first such value in the order of computation. */
export interface Origin {
  /** A value of the System: `h`, or an adjoint `dh`. */
  readonly value: string;
  /** Index on each axis that it has, by name of the variable. */
  readonly index: Readonly<Record<string, number>>;
  /** Position in the batch; absent where the value belongs to no sample. */
  readonly sample: number | null;
  readonly number: number;
}

/** The loss or its gradient is not finite. Exit code 5. */
export class DivergedError extends RunError {
  readonly exitCode = 5;
  constructor(
    readonly step: number,
    readonly loss: number,
    readonly gradNorm: number,
    readonly origin: Origin | null,
  ) {
    super(
      `training diverged at step ${step}: the loss is ${loss}, the gradient's norm ${gradNorm}. ${where(origin)} ` +
        "Try a smaller learning rate or `clip = 1`.",
    );
  }
}

function where(origin: Origin | null): string {
  if (!origin)
    return "Every value of the equations is finite on this batch: the parameters themselves have overflowed.";
  const index = Object.entries(origin.index);
  const at = index.length ? `[${index.map(([v, i]) => `${v} = ${i}`).join(", ")}]` : "";
  const whose = origin.sample === null ? "" : ` of sample ${origin.sample} of the batch`;
  return `The first equation with a value that is not finite is ${origin.value}${at} = ${origin.number}${whose}.`;
}
