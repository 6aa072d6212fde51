// A mistake of the caller: one clear line on stderr, exit code 2.
export class UsageError extends Error {
  override name = 'UsageError'
}

/** Something went wrong that the caller can act on: one clear line on stderr, exit code 1. */
export class CommandError extends Error {
  override name = 'CommandError'
}

/** Somebody stopped it (Ctrl-C): exit code 130, as of programs that a shell's user interrupts. */
export class Interrupted extends CommandError {
  constructor() {
    super('stopped')
  }
}
