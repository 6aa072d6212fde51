// The levels of the Pod Security Standards, and the modes in which a namespace may be held to one.
export const LEVELS: readonly string[] = ['privileged', 'baseline', 'restricted']
export const MODES = ['enforce', 'audit', 'warn'] as const
export type Mode = (typeof MODES)[number]

export const isLevel = (text: string): boolean => LEVELS.includes(text)
export const isVersion = (text: string): boolean => text === 'latest' || /^v1\.(0|[1-9]\d{0,3})$/.test(text)

/** @returns whether the first one asks for more than the other */
export const isStricter = (level: string, other: string): boolean => LEVELS.indexOf(level) > LEVELS.indexOf(other)
