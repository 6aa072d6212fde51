// What a drawer tells as a name and a value.
export type Fact = readonly [name: string, value: string | number | undefined]

/** One value a line; what is not there is left out. */
export const lines = (values: readonly (string | undefined)[]): string => values.filter(Boolean).join('\n')
