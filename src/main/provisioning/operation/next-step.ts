// What a person does next when an operation failed, where its reason does not tell already: a rerun goes on from there.
import { SshError } from '../ssh/contract.ts'

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
 * @returns the message of the error with the next step behind it
 */
export function withNextStep(error: Error, action: string, hostName: string, step?: string): string {
  const { message } = error
  const verb = VERBS[action]
  if (verb === undefined || !(error instanceof SshError) || message.includes('flotilla node')) return message
  const again = `flotilla node ${verb} ${hostName}${step === undefined ? '' : ` --step ${step}`}`
  switch (error.code) {
    case 'ConnectionLost':
      return `${message}; what was done stays done, and it goes on with: ${again}`
    case 'CommandFailed':
      return `${message}; once that is mended: ${again}`
    case 'Unreachable':
      return action === 'Remove'
        ? `${message}; if it is gone for good, it is forgotten with: ${again} --forget`
        : message
    default:
      return message
  }
}
