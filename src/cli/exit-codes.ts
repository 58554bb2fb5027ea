/** What the process ends with; part of the stable interface. */
export const EXIT = {
  done: 0,
  internal: 1,
  usage: 2,
  spec: 3,
  data: 4,
  diverged: 5,
  interrupted: 130,
} as const;

export type ExitCode = (typeof EXIT)[keyof typeof EXIT];
