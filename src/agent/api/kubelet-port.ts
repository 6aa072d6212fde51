// The kubelet's own port, for what looks at nodes from within the cluster: monitoring that reads each node's metrics,
// agents that ask for the pods of theirs. The API server itself comes through the node's link and needs no port.
import { createServer } from 'node:https'
import { MAX_HEADER_BYTES } from '../../shared/machinery/header-size.ts'
import { Owned } from '../../shared/machinery/owned.ts'
import { servingCertificate } from '../identity/serving-certificate.ts'
import { Listener } from '../network/listen.ts'
import type { ApiContext } from './contract.ts'
import type { DelegatedAccess } from './delegated-access.ts'
import { createKubeletApi } from './server.ts'

export interface KubeletPortOptions extends ApiContext {
  /** Where it listens. */
  readonly places: readonly { readonly host: string; readonly port: number }[]
  /** Folder of its certificate. */
  readonly folder: string
  /** The node's addresses. */
  readonly addresses: readonly string[]
  readonly access: DelegatedAccess
  /** How long whoever connects may take until it is known how it speaks. Default: 10 s. */
  readonly handshakeMs?: number
}

/** Everybody who reaches the port can connect. */
const MAX_CONNECTIONS = 256

/** Resolves when it listens, or it is told why it cannot yet. @throws Error when its certificate cannot be kept */
export async function openKubeletPort({
  places,
  folder,
  addresses,
  access,
  handshakeMs = 10_000,
  ...context
}: KubeletPortOptions): Promise<AsyncDisposable> {
  const { nodeName, clock, log } = context
  const certificate = await servingCertificate(folder, [nodeName, ...addresses], clock.now())
  const owned = new Owned()
  for (const { host, port } of places) {
    const server = createServer({
      ...certificate,
      minVersion: 'TLSv1.2',
      maxHeaderSize: MAX_HEADER_BYTES,
      handshakeTimeout: handshakeMs,
    })
    server.maxConnections = MAX_CONNECTIONS
    const listener = owned.use(
      new Listener({ server, host, port, failure: "cannot open the kubelet's port", clock, log }),
    )
    owned.use(createKubeletApi({ ...context, server, admit: message => access.check(message) }))
    await listener.start()
  }
  return owned
}
