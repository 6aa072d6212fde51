// What was undone is said where it was done: in the journal of the operation that joined the host.
import { HostOperation } from '../../../shared/api/flotilla/v1.ts'
import type { Client } from '../../../shared/client/client.ts'

/** @param names of steps */
export async function noteUndone(client: Client, hostName: string, names: readonly string[]): Promise<void> {
  const { items } = await client.list(HostOperation, { fieldSelector: `spec.hostName=${hostName}` })
  for (const { metadata, spec, status } of items) {
    if (spec.action !== 'Join' && spec.action !== 'Repair') continue
    const steps = (status.steps ?? []).map(step =>
      step.state === 'Succeeded' && names.includes(step.name) ? { ...step, state: 'Undone' } : step,
    )
    if (steps.some((step, i) => step !== status.steps?.[i]))
      await client.patch(HostOperation, { name: metadata.name }, { status: { steps } }, { type: 'merge', subresource: 'status' }) // prettier-ignore
  }
}
