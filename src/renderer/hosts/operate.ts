// What the window asks of hosts, as `flotilla node` does it: objects that the control plane carries out.
import { Host, HostOperation, type HostOperationPrompt } from '../../shared/api/flotilla/v1.ts'
import { isAlreadyExists } from '../../shared/machinery/status.ts'
import { connection } from '../api/connection.ts'
import type { NewHost } from './new-hosts.ts'
import { t } from '../i18n/i18n.ts'

export const startOperation = (hostName: string, action: string, step?: string) =>
  connection.client.create(HostOperation, {
    metadata: { generateName: `${hostName.slice(0, 40)}-${action.toLowerCase()}-` },
    spec: { hostName, action, ...(step === undefined ? {} : { step }) },
  })

/** A host that is gone for good: it is not asked. */
export const forget = (hostName: string) =>
  connection.client.create(HostOperation, {
    metadata: { generateName: `${hostName.slice(0, 40)}-forget-` },
    spec: { hostName, action: 'Remove', force: true, approved: true },
  })

/** The plan is what was asked for: nobody need look at it again. */
export const loadImages = (hostName: string, images: readonly string[]) =>
  connection.client.create(HostOperation, {
    metadata: { generateName: `${hostName.slice(0, 40)}-images-` },
    spec: { hostName, action: 'LoadImages', images: [...images], approved: true },
  })

/** The same once more. */
export const again = ({ spec: { hostName, action, images } }: HostOperation) =>
  images ? loadImages(hostName, images) : startOperation(hostName, action)

/** @param step which one of those that made the host a node; default: the last that is done */
export const undo = ({ spec: { hostName } }: HostOperation, step?: string) => startOperation(hostName, 'Undo', step)

/** The same address again is the same host: what is missing is done. */
export async function addHost({ name, spec }: NewHost): Promise<void> {
  try {
    await connection.client.create(Host, { metadata: { name }, spec })
  } catch (error) {
    if (!isAlreadyExists(error)) throw error
    const known = await connection.client.get(Host, { name })
    if (known.spec.address !== spec.address)
      throw new Error(t('There is another host {name} at {address}.', { name, address: known.spec.address }), {
        cause: error,
      })
    await connection.client.patch(Host, { name }, { spec }, { type: 'merge' })
  }
  await startOperation(name, 'Join')
}

const change = ({ metadata }: HostOperation, spec: Partial<HostOperation['spec']>) =>
  connection.client.patch(HostOperation, { name: metadata.name }, { spec }, { type: 'merge' })
export const approve = (operation: HostOperation) => change(operation, { approved: true })
export const cancel = (operation: HostOperation) => change(operation, { cancelled: true })

/** The answer goes to the running operation; it is kept nowhere. */
export const answer = ({ metadata }: HostOperation, prompt: HostOperationPrompt, text: string) =>
  connection.client.createSubresource(HostOperation, { name: metadata.name }, 'answers', {
    prompt: prompt.id,
    answer: text,
  })
