// The second half of a move: this side has let go, and the server becomes the cluster.
import { delay } from '../../../shared/machinery/clock.ts'
import { dataDirLayout } from '../../data-folder/data-dir.ts'
import { CONTEXT_NAME, type KubeconfigIdentity, writeAtomically } from '../../data-folder/kubeconfig-file.ts'
import type { MoveMark } from '../../move/mark.ts'
import { renderKubeconfig } from '../../../shared/machinery/kubeconfig.ts'
import { SERVER_LOG } from '../../provisioning/server/scripts.ts'
import { connectApi } from '../../data-folder/api.ts'
import { patientClock } from '../patient-clock.ts'
import { CommandError } from '../../process/usage-error.ts'
import { type ApiEnd, isReady } from './api-call.ts'
import { awaitNodes } from './nodes.ts'
import { serverEnd } from './server-end.ts'
import type { ServerHost } from './server-host.ts'

const READY_WITHIN_MS = 90_000
const POLL_MS = 300

export interface TakingUp {
  readonly host: ServerHost
  readonly mark: MoveMark
  readonly dataDir: string
  readonly identity: KubeconfigIdentity
}

/** Again and again with the same result. @throws CommandError, SshError */
export async function takeUp({ host, mark, dataDir, identity }: TakingUp): Promise<void> {
  const { ssh, sudo } = host
  await serverEnd(host).activate(mark.id)
  const there: ApiEnd = {
    identity,
    name: mark.to,
    dial: () => ssh.forwardOut('127.0.0.1', portOf(mark)),
  }
  const direct = mark.servers.map(url => ({ identity, name: url, url }))
  const startedMs = patientClock.monotonic()
  while (!(await anyReady([there, ...direct]))) {
    if (patientClock.monotonic() - startedMs > READY_WITHIN_MS) {
      const { stdout } = await ssh.run(SERVER_LOG, { sudo })
      throw new CommandError(
        `the control plane did not start on ${mark.to} within ${READY_WITHIN_MS / 1000} s; it said: ` +
          `${stdout.trim().split('\n').join(' · ') || 'nothing'}. Run this again, or bring it back: flotilla control-plane move --back`,
      )
    }
    await delay(patientClock, POLL_MS)
  }
  console.log(`the control plane runs on ${mark.to}`)
  const reachable = await reachableOf(direct)
  const [server = `https://127.0.0.1:${portOf(mark)}`, ...others] = reachable
  const text = renderKubeconfig({
    server,
    others,
    ...(identity.kubernetesServiceIP && { kubernetesServiceIP: identity.kubernetesServiceIP }),
    caPem: identity.ca,
    name: CONTEXT_NAME,
    user: 'kubernetes-admin',
    certPem: identity.cert,
    keyPem: identity.key,
  })
  writeAtomically(dataDirLayout(dataDir).kubeconfig, text)
  if (reachable.length === 0) {
    console.log(`it cannot be reached from here but by SSH; to use it: flotilla connect`)
    return
  }
  // Where it ran already, they have had their time.
  const missing = host.isActive ? [] : await followed(dataDir)
  if (missing.length > 0)
    console.error(
      `${missing.join(', ')}: no heartbeat yet; if that stays so: flotilla node repair, with ${server} reachable from there`,
    )
  else if (!host.isActive) console.log('every node has followed')
  console.log(`kubeconfig ${dataDirLayout(dataDir).kubeconfig}; for ~/.kube/config: flotilla kubeconfig --merge`)
}

async function followed(dataDir: string): Promise<string[]> {
  await using api = connectApi(dataDir)
  return await awaitNodes(api.client) // before the connection is disposed of
}

export const portOf = ({ servers: [first = ''] }: MoveMark): number => Number(new URL(first).port || 443)

const anyReady = async (ends: readonly ApiEnd[]): Promise<boolean> =>
  (await Promise.all(ends.map(isReady))).includes(true)

async function reachableOf(ends: readonly (ApiEnd & { readonly url: string })[]): Promise<string[]> {
  const ready = await Promise.all(ends.map(isReady))
  return ends.filter((_, i) => ready[i]).map(({ url }) => url)
}
