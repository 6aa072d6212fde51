// A line of shell with kubectl in it, and what it must print.
export interface Line {
  readonly tells: string
  readonly line: string
  readonly prints: RegExp
  /** What comes true a little later: run again until it does. */
  readonly soon: boolean
}

export const line = (tells: string, text: string, prints: RegExp): Line => ({ tells, line: text, prints, soon: false })
export const soon = (tells: string, text: string, prints: RegExp): Line => ({ tells, line: text, prints, soon: true })
