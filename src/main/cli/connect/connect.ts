// `flotilla connect`: the API server on this machine's loopback, through a host that this user may SSH into. For a
// cluster behind NAT, or one whose control plane has moved to a server that only SSH reaches.
import { existsSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { dataDirLayout } from '../../data-folder/data-dir.ts'
import {
  type KubeconfigIdentity,
  mergeKubeconfig,
  readKubeconfig,
  userKubeconfigPath,
  writeAtomically,
  CONTEXT_NAME,
} from '../../data-folder/kubeconfig-file.ts'
import { readMark } from '../../move/mark.ts'
import { renderKubeconfig } from '../../../shared/machinery/kubeconfig.ts'
import { connectServer, prompterFor } from '../control-plane/ssh.ts'
import type { AnswerFlags } from '../node/answerer.ts'
import { CommandError, UsageError } from '../../process/usage-error.ts'
import { Forwarder } from './forwarder.ts'
import { hostOf } from '../../../shared/machinery/url-host.ts'

export interface ConnectFlags extends AnswerFlags {
  readonly dataDir: string
  readonly kubeconfig?: string
  readonly port?: string
  readonly merge?: boolean
}

/** Until a signal ends it. */
export async function connect(address: string | undefined, flags: ConnectFlags): Promise<void> {
  const dataDir = resolve(flags.dataDir)
  const mark = readMark(dataDir)
  const to = address ?? mark?.to
  if (!to) throw new UsageError('give the host: user@host, or a name of your SSH configuration')
  const own = dataDirLayout(dataDir).kubeconfig
  const source = flags.kubeconfig ?? (existsSync(own) ? own : userKubeconfigPath())
  if (!existsSync(source)) throw new CommandError(`there is no kubeconfig ${source}; name one with --kubeconfig`)
  const identity = readKubeconfig(source)
  const port = flags.port === undefined ? portLike(identity) : Number(flags.port)
  if (!Number.isInteger(port) || port < 0 || port > 65_535)
    throw new UsageError(`--port wants a number from 0 to 65535, not "${flags.port}"`)
  const prompter = prompterFor(to, flags)
  const signal = stopSignal()
  await using forwarder = new Forwarder({
    port,
    targets: targetsOf(identity, mark?.servers ?? []),
    caPem: identity.ca,
    connect: () => connectServer({ dataDir, ca: identity.ca }, to, prompter),
    tell: line => console.error(line),
  })
  const given = await forwarder.start()
  const server = `https://127.0.0.1:${given}`
  const { kubernetesServiceIP } = identity
  const text = renderKubeconfig({
    server,
    ...(kubernetesServiceIP && { kubernetesServiceIP }),
    caPem: identity.ca,
    name: CONTEXT_NAME,
    user: CONTEXT_NAME,
    certPem: identity.cert,
    keyPem: identity.key,
  })
  const path = join(dataDir, 'kubeconfig-connect')
  writeAtomically(path, text)
  if (flags.merge) mergeKubeconfig(userKubeconfigPath(), CONTEXT_NAME, text)
  console.log(
    flags.merge
      ? `added "${CONTEXT_NAME}" to ${userKubeconfigPath()} and made it current`
      : `export KUBECONFIG=${path}`,
  )
  console.log(`connected ${server} through ${to}; Ctrl-C ends it`)
  await signal
}

/** The same as before where it was on the loopback already: kubeconfigs of that time go on working. */
const portLike = ({ server }: KubeconfigIdentity): number => Number(new URL(server).port || 6443)

/** Nodes forward the API server's Service themselves; where the control plane runs, it is on the loopback. */
export function targetsOf(
  { server, others, kubernetesServiceIP }: Pick<KubeconfigIdentity, 'server' | 'others' | 'kubernetesServiceIP'>,
  servers: readonly string[],
): { host: string; port: number }[] {
  const urls = [...new Set([...servers, server, ...others])].map(url => new URL(url))
  const ports = [...new Set(urls.map(({ port }) => Number(port || 443)))]
  return [
    ...urls
      .filter(({ hostname }) => !/^(127\.|localhost$|\[::1\]$)/.test(hostname))
      .map(url => ({ host: hostOf(url), port: Number(url.port || 443) })),
    ...ports.map(port => ({ host: '127.0.0.1', port })),
    ...(kubernetesServiceIP ? [{ host: kubernetesServiceIP, port: 443 }] : []),
  ]
}

const stopSignal = (): Promise<void> =>
  new Promise(resolveSignal => {
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(signal, () => resolveSignal())
  })
