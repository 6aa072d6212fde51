// Faults that reached nobody who could handle them: which of them matter.

/** The other end of a connection, or whoever waited for an answer, is not there any more. */
const HARMLESS = new Set(['ABORT_ERR', 'ECONNABORTED', 'ECONNRESET', 'EPIPE', 'ERR_STREAM_PREMATURE_CLOSE'])

export const isHarmless = (error: unknown): boolean =>
  error instanceof Error && (error.name === 'AbortError' || HARMLESS.has((error as NodeJS.ErrnoException).code ?? ''))

export const firstLine = (error: unknown): string => String(error).split('\n')[0] ?? ''
