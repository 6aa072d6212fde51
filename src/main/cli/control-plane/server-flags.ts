// The flags of `flotilla serve` on their way to a server: checked here, with the files that they name.
import { readFile } from 'node:fs/promises'
import { Command } from 'commander'
import { pack } from 'tar-stream'
import { SERVER_FLAG_FILES, SERVER_LOGS } from '../../provisioning/server/scripts.ts'
import { addApiServerOptions, type ApiServerFlags } from '../apiserver-flags.ts'
import { apiServerSettings } from '../apiserver-settings.ts'
import type { CarriedFlag } from '../../data-folder/running-server.ts'
import { asArgument } from '../carried-flags.ts'
import { schedulerConfiguration } from '../scheduler-configuration.ts'

export interface ServerFlags {
  /** Of `serve`, there. */
  readonly args: readonly string[]
  /** A tar of the files that they name. */
  readonly files: Buffer
}

/**
 * What the control plane here was given, for the server.
 * @throws UsageError when none would start with it now: files may have changed since this one did
 */
export async function packFlags(flags: readonly CarriedFlag[]): Promise<ServerFlags> {
  await check(flags)
  const archive = pack()
  const args: string[] = []
  for (const flag of flags) {
    const there = pathThere(flag)
    args.push(asArgument(there === undefined ? flag : { ...flag, value: there }))
    if (flag.file === 'read') archive.entry({ name: nameOf(flag), mode: 0o600 }, await readFile(flag.value))
  }
  archive.finalize()
  const chunks: Buffer[] = []
  for await (const chunk of archive) chunks.push(chunk as Buffer)
  return { args, files: Buffer.concat(chunks) }
}

/** What a plan says about them, a sentence each. */
export const planFlags = (flags: readonly CarriedFlag[]): string[] =>
  flags.map(flag => {
    const there = pathThere(flag)
    if (there === undefined) return `start it with ${flag.flag}, as here`
    return flag.file === 'read'
      ? `start it with ${flag.flag}, as here: ${flag.value} is copied to ${there}`
      : `start it with ${flag.flag}: what is written here to ${flag.value} goes there to ${there}, and stays there`
  })

/** By name, for files that are written there. */
const LOGS: Readonly<Record<string, string>> = { '--audit-log-path': 'audit.log' }

const nameOf = ({ flag }: CarriedFlag): string => LOGS[flag] ?? flag.replace(/^--/, '')

function pathThere(flag: CarriedFlag): string | undefined {
  if (flag.file === undefined) return undefined
  return flag.file === 'read' ? `${SERVER_FLAG_FILES}/${nameOf(flag)}` : `${SERVER_LOGS}/${nameOf(flag)}`
}

async function check(flags: readonly CarriedFlag[]): Promise<void> {
  const serve = new Command()
  addApiServerOptions(serve)
  serve.option('--scheduler-config <file>').option('--nodeport-addresses <list>')
  serve.parse(flags.map(asArgument), { from: 'user' })
  const options = serve.opts<ApiServerFlags & { schedulerConfig?: string }>()
  await apiServerSettings(options)
  if (options.schedulerConfig) await schedulerConfiguration(options.schedulerConfig)
}
