// Credentials out of a program that a kubeconfig names: run directly, never through a shell.
// @see https://kubernetes.io/docs/reference/access-authn-authz/authentication/#client-go-credential-plugins
import { execFile } from 'node:child_process'
import { dirname, isAbsolute, resolve } from 'node:path'
import * as v from 'valibot'
import type { ExecPlugin, KubeContext } from './kubeconfig.ts'

const text = v.optional(v.nullable(v.string()))
const CREDENTIAL = v.object({
  apiVersion: v.string(),
  kind: v.literal('ExecCredential'),
  status: v.object({
    token: text,
    clientCertificateData: text,
    clientKeyData: text,
    expirationTimestamp: text,
  }),
})
const VERSIONS = ['client.authentication.k8s.io/v1', 'client.authentication.k8s.io/v1beta1']
const TIMEOUT_MS = 60_000

export interface ExecCredential {
  readonly token: string | undefined
  /** PEM. */
  readonly cert: string | undefined
  readonly key: string | undefined
  /** Milliseconds since the epoch; undefined: until it is refused. */
  readonly expiresMs: number | undefined
}

/** Program and arguments as they are run. A path with a slash is relative to the kubeconfig. */
export function pluginCommand({ command, args }: ExecPlugin, path: string): readonly [string, ...string[]] {
  const program = /[\\/]/.test(command) && !isAbsolute(command) ? resolve(dirname(path), command) : command
  return [program, ...(args ?? [])]
}

/** What is not seen, or turns the order of what is. */
const UNSEEN = /[\p{Cf}\p{Cc}\p{Zl}\p{Zp}]/gu

/** As a window is called. */
export const shownName = (name: string): string => name.replace(UNSEEN, '\ufffd')

/** In quotes, with nothing unseen in it: that stands there as codes. */
export const shownPart = (part: string): string =>
  JSON.stringify(part).replace(UNSEEN, character => {
    return `\\u{${character.codePointAt(0)?.toString(16) ?? ''}}`
  })

function run(context: KubeContext, plugin: ExecPlugin): Promise<string> {
  const [command, ...args] = pluginCommand(plugin, context.path)
  const { server } = context.cluster
  const info = {
    apiVersion: plugin.apiVersion,
    kind: 'ExecCredential',
    spec: { interactive: false, ...(plugin.provideClusterInfo ? { cluster: { server } } : {}) },
  }
  const env = { ...process.env, ...Object.fromEntries((plugin.env ?? []).map(({ name, value }) => [name, value])) }
  return new Promise((done, fail) => {
    execFile(
      command,
      args,
      { timeout: TIMEOUT_MS, maxBuffer: 1 << 20, env: { ...env, KUBERNETES_EXEC_INFO: JSON.stringify(info) } },
      (error, stdout, stderr) => {
        if (!error) return done(stdout)
        const why = error.code === 'ENOENT' ? 'it is not installed' : stderr.trim().split('\n').at(-1) || error.message
        fail(new Error(`${command}: ${why}`))
      },
    )
  })
}

/** @throws Error, in a sentence, when the program fails or says something else */
export async function runExecPlugin(context: KubeContext, plugin: ExecPlugin): Promise<ExecCredential> {
  if (!VERSIONS.includes(plugin.apiVersion))
    throw new Error(`${plugin.apiVersion} is no version of credentials known here`)
  const output = await run(context, plugin)
  const said = v.safeParse(v.pipe(v.string(), v.parseJson(), CREDENTIAL), output)
  if (!said.success) throw new Error(`${plugin.command} printed no credentials`)
  const { token, clientCertificateData, clientKeyData, expirationTimestamp } = said.output.status
  const expiresMs = expirationTimestamp ? Date.parse(expirationTimestamp) : NaN
  return {
    token: token ?? undefined,
    cert: clientCertificateData ?? undefined,
    key: clientKeyData ?? undefined,
    expiresMs: Number.isNaN(expiresMs) ? undefined : expiresMs,
  }
}
