// `flotilla reset` and `flotilla uninstall`: leave this machine as it was.
import { existsSync, readFileSync, realpathSync, rmSync } from 'node:fs'
import { homedir } from 'node:os'
import { dirname, resolve } from 'node:path'
import { createInterface } from 'node:readline/promises'
import { CONTEXT_NAME, unmergeKubeconfig, userKubeconfigPath } from '../data-folder/kubeconfig-file.ts'
import { removeLocalNode } from '../local-node/remove.ts'
import { lockFolder } from '../store/nedb/lock.ts'
import { runningServer } from '../data-folder/running-server.ts'
import { CommandError } from '../process/usage-error.ts'

/** Deletes the cluster of a data folder: containers, rules, mounts, then the folder. @throws CommandError */
export async function reset(dataDir: string, confirmed: boolean): Promise<void> {
  const folder = resolve(dataDir)
  guard(folder)
  const server = runningServer(folder)
  if (server) throw new CommandError(`the cluster runs (pid ${server.pid}); stop it first, then reset`)
  if (!existsSync(folder)) return console.log(`nothing to reset: ${folder} does not exist`)
  await confirm(`Delete the cluster in ${folder} with all its containers and data?`, confirmed)
  // Held while deleting: a server that starts now, or one that has not come up yet, must not lose its files.
  await using _lock = await lockFolder(folder)
  for (const line of await removeLocalNode(folder)) console.log(line)
  assertNothingMounted(folder)
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
  // Single names are common ones, such as a project's own "store" folder: only what a first start leaves is ours.
  const has = (...names: string[]) => names.every(name => existsSync(resolve(folder, name)))
  const ours = has('format.json', 'store') || has('pki/ca.key', 'pki/service-account.key')
  if (folder === homedir() || folder === dirname(folder) || !ours)
    throw new CommandError(`${folder} is not a Flotilla data folder; nothing was deleted`)
}

/** Deleting through a mount would delete what is mounted: somebody's own folder, by a hostPath volume's subPath. */
function assertNothingMounted(folder: string): void {
  const table = '/proc/self/mountinfo'
  if (!existsSync(table)) return
  const points = readFileSync(table, 'utf8')
    .split('\n')
    .map(line =>
      (line.split(' ')[4] ?? '').replace(/\\([0-7]{3})/g, (_all, octal: string) =>
        String.fromCharCode(parseInt(octal, 8)),
      ),
    )
  const mounted = points.find(point => point.startsWith(`${realpathSync(folder)}/`))
  if (mounted) throw new CommandError(`${mounted} is still mounted; unmount it, then reset again`)
}

async function confirm(question: string, confirmed: boolean): Promise<void> {
  if (confirmed) return
  if (!process.stdin.isTTY) throw new CommandError('not a terminal: repeat with --yes to confirm')
  const reader = createInterface({ input: process.stdin, output: process.stdout })
  const answer = await reader.question(`${question} [y/N] `)
  reader.close()
  if (!/^y(es)?$/i.test(answer.trim())) throw new CommandError('not confirmed; nothing was deleted')
}
