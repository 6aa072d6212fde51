// Calls one CNI plugin: a program that gets its command in the environment, its configuration on standard input, and
// answers on standard output.
import { access, constants } from 'node:fs/promises'
import { join } from 'node:path'
import { type Run, ToolError } from '../exec.ts'
import { CniError } from './configuration.ts'

export type CniCommand = 'ADD' | 'DEL' | 'CHECK' | 'GC' | 'STATUS' | 'VERSION'

/** What is connected: one interface of one sandbox. */
export interface Attachment {
  readonly containerId: string
  /** Path of the network namespace; '' once it is gone. */
  readonly netns: string
  readonly ifName: string
  /** `KEY=value;…` */
  readonly args: string
}

/** Plugins may wait for a daemon of theirs, or for a DHCP server. */
const TIMEOUT_MS = 120_000
/** These only ask. */
const ASK_TIMEOUT_MS = 10_000
const VERBS: Record<CniCommand, string> = {
  ADD: 'add',
  DEL: 'delete',
  CHECK: 'check',
  GC: 'gc',
  STATUS: 'status',
  VERSION: 'version',
}

export class CniPlugins {
  readonly #run: Run
  readonly #folders: readonly string[]

  /** @param folders where plugins are looked for, the first one that has it counts */
  constructor(run: Run, folders: readonly string[]) {
    this.#run = run
    this.#folders = folders
  }

  /**
   * @param config what the plugin reads
   * @param attachment needed by ADD, DEL and CHECK
   * @returns what it answered; undefined when that is nothing
   * @throws CniError when there is no such plugin, or with what it says is wrong
   */
  async call(
    command: CniCommand,
    type: string,
    config: Readonly<Record<string, unknown>>,
    attachment?: Attachment,
  ): Promise<unknown> {
    const path = await this.#find(type)
    const env = {
      CNI_COMMAND: command,
      CNI_PATH: this.#folders.join(':'),
      ...(attachment && {
        CNI_CONTAINERID: attachment.containerId,
        CNI_NETNS: attachment.netns,
        CNI_IFNAME: attachment.ifName,
        CNI_ARGS: attachment.args,
      }),
    }
    const timeoutMs = command === 'STATUS' || command === 'VERSION' ? ASK_TIMEOUT_MS : TIMEOUT_MS
    try {
      const answer = await this.#run([path], { input: JSON.stringify(config), env, timeoutMs })
      return answer.trim() === '' ? undefined : (JSON.parse(answer) as unknown)
    } catch (error) {
      throw new CniError(`plugin type=${JSON.stringify(type)} failed (${VERBS[command]}): ${explain(error)}`)
    }
  }

  async #find(type: string): Promise<string> {
    for (const folder of this.#folders) {
      const path = join(folder, type)
      const isThere = await access(path, constants.X_OK).then(
        () => true,
        () => false,
      )
      if (isThere) return path
    }
    throw new CniError(`failed to find plugin ${JSON.stringify(type)} in path [${this.#folders.join(' ')}]`)
  }
}

/** Plugins tell what is wrong as JSON on standard output. */
function explain(error: unknown): string {
  if (!(error instanceof ToolError)) return `its answer is no JSON: ${(error as Error).message}`
  try {
    const { msg, details } = JSON.parse(error.stdout) as { msg?: unknown; details?: unknown }
    if (typeof msg === 'string') return typeof details === 'string' && details ? `${msg}; ${details}` : msg
  } catch {
    // It ended in another way.
  }
  if (error.exitCode === undefined && !error.stderr.trim()) return 'it gave no answer and was ended'
  return error.stderr.trim() || `netplugin failed with no error message: exit code ${error.exitCode ?? 'none'}`
}
