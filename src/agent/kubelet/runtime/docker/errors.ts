// Docker's HTTP errors as RuntimeErrors.
import { RuntimeError } from '../contract.ts'

interface DockerFailure {
  readonly statusCode?: number
  readonly reason?: string
  readonly json?: { readonly message?: string }
  readonly message: string
  readonly code?: string
}

/** What answers with a stream has its failure in the text alone, behind what dockerode thinks of the code. */
function withoutFrame({ statusCode, reason = 'unexpected', message }: DockerFailure): string {
  const head = `(HTTP code ${statusCode}) ${reason} - `
  return message.startsWith(head) ? message.slice(head.length).trimEnd() : message
}

export function toRuntimeError(error: unknown): RuntimeError {
  if (error instanceof RuntimeError) return error
  const { statusCode, json, code } = error as DockerFailure
  const text = typeof json?.message === 'string' ? json.message : withoutFrame(error as DockerFailure)
  if (statusCode === 404) return new RuntimeError('not-found', text)
  if (statusCode === 409) return new RuntimeError('conflict', text)
  if (statusCode === undefined && code !== undefined) return new RuntimeError('unavailable', text)
  return new RuntimeError('failed', text)
}

/** Runs a call and turns what it throws into a RuntimeError. */
export async function docker<T>(call: () => Promise<T>): Promise<T> {
  try {
    return await call()
  } catch (error) {
    throw toRuntimeError(error)
  }
}

/** @returns undefined where the call says that the object does not exist. */
export async function orMissing<T>(call: () => Promise<T>): Promise<T | undefined> {
  try {
    return await docker(call)
  } catch (error) {
    if (error instanceof RuntimeError && error.kind === 'not-found') return undefined
    throw error
  }
}
