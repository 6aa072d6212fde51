// For an option that may be given several times.
export const several = (value: string, before: string[] = []): string[] => [...before, value]
