// `flotilla node shell` and `flotilla node logs`: a connection of this command's own, with the cluster's key and the
// host keys that were accepted.
import { homedir, userInfo } from 'node:os'
import { join } from 'node:path'
import { systemClock } from '../../../shared/machinery/clock.ts'
import { dataDirLayout } from '../../data-folder/data-dir.ts'
import { readKubeconfig } from '../../data-folder/kubeconfig-file.ts'
import { clusterIdOf, openOwnKey } from '../../provisioning/own-key.ts'
import { readSshConfig } from '../../provisioning/ssh/config-file.ts'
import type { SshConnection } from '../../provisioning/ssh/connection.ts'
import { SshError } from '../../provisioning/ssh/contract.ts'
import { connectAny, waysTo } from '../../provisioning/ssh/recorded-route.ts'
import { Sudo } from '../../provisioning/ssh/sudo.ts'
import { shown } from '../terminal-text.ts'
import { CommandError } from '../../process/usage-error.ts'
import { Answerer, type AnswerFlags } from './answerer.ts'
import { connectApi } from '../../data-folder/api.ts'
import { namedHost } from './named-host.ts'

const LOGS = 'exec journalctl -u flotilla-agent.service --no-pager -o short-iso -n 200'
const FOLLOW = 'exec journalctl -u flotilla-agent.service --no-pager -o short-iso -n 20 -f'

/** @throws CommandError for a name that is no host's */
export async function connect(
  dataDir: string,
  name: string,
  prompter: ReturnType<typeof terminalPrompter>,
  signal = new AbortController().signal,
): Promise<SshConnection> {
  await using api = connectApi(dataDir)
  const host = await namedHost(api.client, name)
  const pins = new Map((host.status.hostKeys ?? []).map(({ endpoint, fingerprint }) => [endpoint, fingerprint]))
  const home = homedir()
  const { ca } = readKubeconfig(dataDirLayout(dataDir).kubeconfig)
  const { privateKey } = await openOwnKey(join(dataDir, 'ssh'), clusterIdOf(ca))
  const config = readSshConfig(join(home, '.ssh', 'config'), home)
  const ways = waysTo(host, { config, home, localUser: userInfo().username })
  const { connection } = await connectAny(ways, {
    // Accepting a host key is for `add` and `check`: this command only goes where somebody has been.
    pins: { get: endpoint => pins.get(endpoint), pin: () => Promise.resolve() },
    prompter,
    ownKey: host.status.nodeName === undefined ? undefined : privateKey,
    agent: process.env.SSH_AUTH_SOCK,
    clock: systemClock,
    signal,
  })
  return connection
}

export function terminalPrompter(name: string, answerer: Answerer) {
  return {
    ask: ({ kind, about, text, echo }: { kind: string; about: string; text: string; echo: boolean }) =>
      kind === 'HostKey'
        ? Promise.reject(new SshError('HostKeyRejected', `${text} Accept it with: flotilla node check ${name}`))
        : answerer.answer(name, { id: '', kind, about, text, echo }),
  }
}

export interface LogsFlags extends Pick<AnswerFlags, 'passwordStdin'> {
  readonly dataDir: string
  readonly follow?: boolean
}

/** The agent's log, as root where the account may not read it. */
export async function logs(name: string, { dataDir, follow, ...flags }: LogsFlags): Promise<void> {
  const prompter = terminalPrompter(name, new Answerer(flags))
  await using connection = await connect(dataDir, name, prompter)
  using sudo = new Sudo(prompter)
  const { code, stderr } = await connection.run(follow ? FOLLOW : LOGS, {
    sudo,
    onOutput: text => process.stdout.write(shown(text)),
  })
  if (code !== 0) throw new CommandError(stderr.trim() || `journalctl ended with ${code}`)
}

/** A login shell; the terminal is its own until it ends, and how it ended is how this ends. */
export async function shell(dataDir: string, name: string): Promise<void> {
  const { stdin, stdout } = process
  await using connection = await connect(dataDir, name, terminalPrompter(name, new Answerer({ stdinIsTaken: true })))
  const channel = await connection.shell({
    rows: stdout.rows ?? 24,
    cols: stdout.columns ?? 80,
    term: process.env.TERM ?? 'xterm',
  })
  const resize = () => channel.setWindow(stdout.rows, stdout.columns, 0, 0)
  if (stdin.isTTY) stdin.setRawMode(true)
  stdout.on('resize', resize)
  stdin.pipe(channel)
  channel.pipe(stdout)
  let ended: { readonly code: number | null } | undefined
  channel.once('exit', (code: number | null) => (ended = { code }))
  await new Promise<void>(resolve => channel.once('close', () => resolve()))
  if (stdin.isTTY) stdin.setRawMode(false)
  stdout.off('resize', resize)
  stdin.destroy()
  if (!ended) throw new CommandError(`the connection to ${name} ended; see: flotilla node check ${name}`)
  process.exitCode = ended.code ?? 1
}
