// The way into a cluster, handed to a program of the user's: a kubeconfig with what the window goes in with and nothing
// else, readable by the user alone, there only while the program runs.
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { AccessSource, ClusterAccess } from './access.ts'

const base64 = (text: string) => Buffer.from(text).toString('base64')

/** A token that a program gave is handed on; the program is not run once more. */
function credentialsOf(authorization = ''): Readonly<Record<string, string>> {
  const [scheme, secret = ''] = authorization.split(' ')
  if (scheme === 'Bearer') return { token: secret }
  if (scheme !== 'Basic') return {}
  const [username = '', ...password] = Buffer.from(secret, 'base64').toString('utf8').split(':')
  return { username, password: password.join(':') }
}

/** JSON, which is YAML as well. */
export function handedKubeconfig({ server, tls, headers, proxy }: ClusterAccess): string {
  const name = 'cluster'
  const cluster = {
    server,
    // Programs refuse both together.
    ...(tls.rejectUnauthorized
      ? tls.ca && { 'certificate-authority-data': base64(tls.ca) }
      : { 'insecure-skip-tls-verify': true }),
    ...(tls.servername ? { 'tls-server-name': tls.servername } : {}),
    ...(proxy ? { 'proxy-url': proxy.href.replace(/\/$/, '') } : {}),
  }
  const user = {
    ...(tls.cert ? { 'client-certificate-data': base64(tls.cert) } : {}),
    ...(tls.key ? { 'client-key-data': base64(tls.key) } : {}),
    ...credentialsOf(headers['authorization']),
  }
  return JSON.stringify({
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [{ name, cluster }],
    users: [{ name, user }],
    contexts: [{ name, context: { cluster: name, user: name } }],
    'current-context': name,
  })
}

/**
 * @param folder of nothing else
 * @param use gets the path of the kubeconfig, which is gone once this resolves
 * @throws Error, in a sentence, when there is no way in
 */
export async function withHandedAccess<T>(
  source: AccessSource,
  folder: string,
  use: (kubeconfig: string) => Promise<T>,
): Promise<T> {
  const access = await source.get()
  if (!access) throw new Error('the control plane is not running')
  mkdirSync(folder, { recursive: true, mode: 0o700 })
  const own = mkdtempSync(join(folder, 'access-'))
  try {
    const path = join(own, 'kubeconfig')
    writeFileSync(path, handedKubeconfig(access), { mode: 0o600 })
    return await use(path)
  } finally {
    rmSync(own, { recursive: true, force: true })
  }
}

/** What an app that was killed left behind. */
export const forgetHandedAccess = (folder: string): void => rmSync(folder, { recursive: true, force: true })
