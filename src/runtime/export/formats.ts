export const exportFormats = ["tfjs-graph"] as const;
export type ExportFormat = (typeof exportFormats)[number];
