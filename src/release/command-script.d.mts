export function writeCommandScript(root: string): Promise<void>;
