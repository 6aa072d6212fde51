// How requests get into a cluster: its address, whom to trust, and who we are. All of it stays in this process.
import { X509Certificate } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { isIP } from 'node:net'
import { connect as connectTls } from 'node:tls'
import { WebSocket } from 'ws'
import type { Clock } from '../../../shared/machinery/clock.ts'
import { type ExecCredential, runExecPlugin } from './exec-plugin.ts'
import { type KubeContext, readContexts } from './kubeconfig.ts'
import { parseProxy, throughProxy } from './proxy.ts'
import { hostOf } from '../../../shared/machinery/url-host.ts'

export interface ClusterAccess {
  /** Without a trailing slash. */
  readonly server: string
  readonly tls: {
    readonly ca?: string
    readonly cert?: string
    readonly key?: string
    readonly servername?: string
    readonly rejectUnauthorized: boolean
  }
  /** Sent with every request. */
  readonly headers: Readonly<Record<string, string>>
  /** Through which the cluster is reached; undefined: straight. */
  readonly proxy?: URL
}

export interface AccessSource {
  /** @returns undefined while the cluster does not run. @throws Error, in a sentence, when there is no way in */
  get(): Promise<ClusterAccess | undefined>
  /**
   * @param access what `get` gave and the cluster refused
   * @returns whether asking again may give something else
   */
  refused(access: ClusterAccess): boolean
}

/** @param path path and query. @throws Error, in a sentence, when there is no way in */
export async function openWebSocket(
  source: AccessSource,
  path: string,
  protocols: readonly string[],
): Promise<WebSocket> {
  const to = await source.get()
  if (!to) throw new Error('the control plane is not running')
  const url = to.server.replace(/^http/, 'ws') + path
  return new WebSocket(url, [...protocols], { ...to.tls, headers: to.headers, ...(await tunnelFor(to)) })
}

/** A connection through the cluster's proxy, for one WebSocket. */
async function tunnelFor({ proxy, server, tls }: ClusterAccess) {
  if (!proxy) return {}
  const { protocol, hostname, port } = new URL(server)
  const isSecure = protocol === 'https:'
  const socket = await throughProxy(proxy, hostname, Number(port || (isSecure ? 443 : 80)))
  const servername = tls.servername ?? (isIP(hostOf({ hostname })) ? '' : hostname)
  return { createConnection: () => (isSecure ? connectTls({ ...tls, servername, socket }) : socket) }
}

export interface ContextAccessOptions {
  readonly path: string
  readonly context: string
  readonly clock: Clock
  /** Whether the user lets the context's program run. */
  readonly confirm: (context: KubeContext) => Promise<boolean>
}

/** Credentials that end within this time are got anew. */
const MARGIN_MS = 10_000

const fromBase64 = (data: string) => Buffer.from(data, 'base64').toString('utf8')

async function given(data: string | null | undefined, file: string | null | undefined): Promise<string | undefined> {
  if (data) return fromBase64(data)
  return file ? readFile(file, 'utf8') : undefined
}

function authorization(context: KubeContext, token: string | undefined): Record<string, string> {
  if (token) return { authorization: `Bearer ${token.trim()}` }
  const { username, password } = context.user
  if (!username) return {}
  return { authorization: `Basic ${Buffer.from(`${username}:${password ?? ''}`).toString('base64')}` }
}

async function compose(context: KubeContext, plugin: ExecCredential | undefined): Promise<ClusterAccess> {
  const { cluster, user } = context
  if (user['auth-provider'] && !user.exec) throw new Error('auth-provider is gone from Kubernetes; use an exec plug-in')
  const ca = await given(cluster['certificate-authority-data'], cluster['certificate-authority'])
  const cert = plugin?.cert ?? (await given(user['client-certificate-data'], user['client-certificate']))
  const key = plugin?.key ?? (await given(user['client-key-data'], user['client-key']))
  const token = plugin?.token ?? user.token ?? (await given(undefined, user.tokenFile))
  const servername = cluster['tls-server-name']
  return {
    server: cluster.server.replace(/\/+$/, ''),
    tls: {
      rejectUnauthorized: !cluster['insecure-skip-tls-verify'],
      ...(ca ? { ca } : {}),
      ...(cert && key ? { cert, key } : {}),
      ...(servername ? { servername } : {}),
    },
    headers: authorization(context, token),
    ...(cluster['proxy-url'] ? { proxy: parseProxy(cluster['proxy-url']) } : {}),
  }
}

/** Of a certificate that is over, when it ended. Of what is none the cluster tells what is wrong. */
function endOf(pem: string | undefined, nowMs: number): string | undefined {
  if (pem === undefined) return undefined
  try {
    const endMs = Date.parse(new X509Certificate(pem).validTo)
    return endMs < nowMs ? new Date(endMs).toISOString().slice(0, 10) : undefined
  } catch {
    return undefined
  }
}

/** The file is read when it is needed: who renews it need not tell us. */
export function contextAccess({ path, context: name, clock, confirm }: ContextAccessOptions): AccessSource {
  let current: Promise<{ access: ClusterAccess; expiresMs: number | undefined }> | undefined
  /** What `current` gave; undefined while it loads. */
  let latest: ClusterAccess | undefined

  async function load() {
    latest = undefined
    const context = readContexts(path).find(entry => entry.name === name)
    if (!context) throw new Error(`${path} has no context ${name} any more`)
    const { exec } = context.user
    if (exec && !(await confirm(context))) throw new Error(`the program that logs in to ${name} may not run`)
    const plugin = exec ? await runExecPlugin(context, exec) : undefined
    const composed = await compose(context, plugin)
    // Clusters refuse it with no more than "Unauthorized".
    const ended = composed.headers['authorization'] ? undefined : endOf(composed.tls.cert, clock.now())
    if (ended) throw new Error(`the certificate that logs in to ${name} ended on ${ended}: a new one is needed`)
    latest = composed
    return { access: latest, expiresMs: plugin?.expiresMs }
  }

  return {
    async get() {
      const loading = (current ??= load())
      try {
        const { access, expiresMs } = await loading
        if (expiresMs === undefined || clock.now() < expiresMs - MARGIN_MS) return access
      } catch (error) {
        if (current === loading) current = undefined
        throw error
      }
      // Expired: whoever comes first gets new ones for all.
      if (current === loading) current = undefined
      return (await (current ??= load())).access
    },
    refused(access) {
      // Of many requests that were refused together the first gets new ones for all.
      if (access === latest) current = undefined
      return true
    },
  }
}
