// What a drawer tells as a name and a value.
import { formatDateTime } from '../i18n/i18n.ts'

export type Fact = readonly [name: string, value: string | number | undefined]

/** One value a line; what is not there is left out. */
export const lines = (values: readonly (string | undefined)[]): string => values.filter(Boolean).join('\n')

/** As the user's country writes it. */
export const timeText = (time: string | undefined) => time && formatDateTime(time)
export const seconds = (value: number | undefined) => (value === undefined ? undefined : `${value} s`)
