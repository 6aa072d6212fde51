// The way into a cluster, handed to a program of the user's: a kubeconfig with what the window goes in with and nothing
// else, readable by the user alone, there only while the program runs.
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type KubeconfigInput, renderKubeconfig } from '../../../shared/machinery/kubeconfig.ts'
import type { AccessSource, ClusterAccess } from './access.ts'

/** A token that a program gave is handed on; the program is not run once more. */
function credentialsOf(authorization = ''): Pick<KubeconfigInput, 'token' | 'username' | 'password'> {
  const [scheme, secret = ''] = authorization.split(' ')
  if (scheme === 'Bearer') return { token: secret }
  if (scheme !== 'Basic') return {}
  const [username = '', ...password] = Buffer.from(secret, 'base64').toString('utf8').split(':')
  return { username, password: password.join(':') }
}

export function handedKubeconfig({ server, tls, headers, proxy }: ClusterAccess): string {
  const name = 'cluster'
  return renderKubeconfig({
    server,
    caPem: tls.ca,
    trust: { serverName: tls.servername || undefined, insecure: !tls.rejectUnauthorized },
    proxyUrl: proxy?.href.replace(/\/$/, ''),
    name,
    user: name,
    certPem: tls.cert,
    keyPem: tls.key,
    ...credentialsOf(headers['authorization']),
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
