// What is said of an operation that failed, with what a person does next where its reason does not tell already: a rerun goes on
// from there.
import type { HostFinding, HostText } from '../../../shared/api/flotilla/v1.ts'
import { isNotFound } from '../../../shared/machinery/status.ts'
import { type Said, messageOf, say } from '../say.ts'
import { SshError } from '../ssh/contract.ts'

interface Told {
  readonly message: string
  /** What the message is made of; nothing where that is not known of all of it. */
  readonly said: HostText[]
}

/** What `flotilla node` calls the action that goes on; joining is gone on with by a repair. */
const VERBS: Readonly<Record<string, string>> = {
  Check: 'check',
  Join: 'repair',
  Repair: 'repair',
  Upgrade: 'upgrade',
  Restart: 'restart',
  Undo: 'undo',
  Remove: 'remove',
}

/**
 * @param step that is undone
 * @returns what the error says with the next step behind it
 */
function withNextStep(error: Error, action: string, hostName: string, step?: string): Told {
  const next = error instanceof SshError ? nextStep(error, action, hostName, step) : undefined
  const own = error instanceof SshError ? error.said : undefined
  return {
    message: next ? `${error.message}; ${String(next)}` : error.message,
    said: [...(own?.texts ?? []), ...((own && next?.texts) ?? [])],
  }
}

function nextStep({ code, message }: SshError, action: string, hostName: string, step?: string): Said | undefined {
  const verb = VERBS[action]
  if (verb === undefined || message.includes('flotilla node')) return undefined
  const command = `flotilla node ${verb} ${hostName}${step === undefined ? '' : ` --step ${step}`}`
  switch (code) {
    case 'ConnectionLost':
      return say('what was done stays done, and it goes on with: {command}', { command })
    case 'CommandFailed':
      return say('once that is mended: {command}', { command })
    case 'Unreachable':
      return action === 'Remove'
        ? say('if it is gone for good, it is forgotten with: {command} --forget', { command })
        : undefined
    default:
      return undefined
  }
}

export class PreflightError extends Error {
  readonly said: HostText[]
  constructor(errors: readonly HostFinding[]) {
    super(errors.map(({ what, how }) => `${what} ${how}`).join(' '))
    this.said = errors.flatMap(({ said }) => [...(said?.what ?? []), ...(said?.how ?? [])])
  }
}

export function failure(error: unknown, action: string, hostName: string, step?: string): Told {
  if (isNotFound(error)) return messageOf(say('there is no host "{name}"', { name: hostName }))
  if (error instanceof PreflightError) return { message: error.message, said: error.said }
  return withNextStep(error as Error, action, hostName, step)
}
