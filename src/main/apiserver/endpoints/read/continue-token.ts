// The opaque token that resumes a paged list: the revision of the first page and the last key given out.
import { badRequest } from '../../../../shared/machinery/status.ts'

export interface ContinueToken {
  /** The page shows this revision; 0 = the newest one (an inconsistent continuation after a 410). */
  readonly revision: number
  /** The page starts after this key. It carries no prefix, so that a token cannot point outside its collection. */
  readonly after: string
}

export const encodeContinue = ({ revision, after }: ContinueToken): string =>
  Buffer.from(JSON.stringify({ v: 'flotilla/v1', rv: revision, after })).toString('base64url')

/** @throws ApiError 400 for what this server did not make */
export function decodeContinue(text: string): ContinueToken {
  try {
    const token = JSON.parse(Buffer.from(text, 'base64url').toString('utf8')) as Record<string, unknown>
    const { v, rv, after } = token
    if (v === 'flotilla/v1' && typeof after === 'string' && Number.isSafeInteger(rv) && Number(rv) >= 0)
      return { revision: Number(rv), after }
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error
  }
  throw badRequest(
    'invalid continue token: continue key is not valid: incorrect encoded start resourceVersion (version flotilla/v1)',
  )
}
