// `flotilla reset` and `flotilla uninstall`: leave this machine as it was.
import { existsSync, rmSync } from 'node:fs'
import { homedir } from 'node:os'
import { dirname, resolve } from 'node:path'
import { createInterface } from 'node:readline/promises'
import { dataDirLayout } from '../data-dir.ts'
import { unmergeKubeconfig, userKubeconfigPath } from '../kubeconfig-file.ts'
import { removeLocalNode } from '../local-node/remove.ts'
import { CONTEXT_NAME } from './kubeconfig.ts'
import { runningServer } from './running.ts'
import { CommandError } from './usage-error.ts'

/** Deletes the cluster of a data folder: containers, rules, mounts, then the folder. @throws CommandError */
export async function reset(dataDir: string, confirmed: boolean): Promise<void> {
  const folder = resolve(dataDir)
  guard(folder)
  const server = runningServer(folder)
  if (server) throw new CommandError(`the cluster runs (pid ${server.pid}); stop it first, then reset`)
  if (!existsSync(folder)) return console.log(`nothing to reset: ${folder} does not exist`)
  await confirm(`Delete the cluster in ${folder} with all its containers and data?`, confirmed)
  for (const line of await removeLocalNode(folder)) console.log(line)
  rmSync(folder, { recursive: true, force: true })
  console.log(`deleted ${folder}`)
}

/** `reset`, and the entries in the user's kubeconfig. */
export async function uninstall(dataDir: string, confirmed: boolean): Promise<void> {
  await reset(dataDir, confirmed)
  const path = userKubeconfigPath()
  if (unmergeKubeconfig(path, CONTEXT_NAME)) console.log(`removed "${CONTEXT_NAME}" from ${path}`)
}

/** A folder is only ours when it holds our files: a mistyped --data-dir must never delete a home folder. */
function guard(folder: string): void {
  if (!existsSync(folder)) return
  const { kubeconfig } = dataDirLayout(folder)
  const ours = existsSync(resolve(folder, 'store')) || existsSync(resolve(folder, 'pki')) || existsSync(kubeconfig)
  if (folder === homedir() || folder === dirname(folder) || !ours)
    throw new CommandError(`${folder} is not a Flotilla data folder; nothing was deleted`)
}

async function confirm(question: string, confirmed: boolean): Promise<void> {
  if (confirmed) return
  if (!process.stdin.isTTY) throw new CommandError('not a terminal: repeat with --yes to confirm')
  const reader = createInterface({ input: process.stdin, output: process.stdout })
  const answer = await reader.question(`${question} [y/N] `)
  reader.close()
  if (!/^y(es)?$/i.test(answer.trim())) throw new CommandError('not confirmed; nothing was deleted')
}
