// What each action of a HostOperation does, as lists that read in order.
import { authorizeKey, withdrawKey } from './authorize-key.ts'
import { configure } from './configure.ts'
import type { ContextWithoutProgress, Step } from './contract.ts'
import { installPackages, startDocker } from './install-packages.ts'
import { liveRestore, resetLiveRestore } from './live-restore.ts'
import { loadImage } from './load-image.ts'
import { pushAgent, pushRuntime } from './push.ts'
import { cleanUp, deleteFiles, deleteNode, drain, revokeCertificate } from './remove.ts'
import { startAgent } from './start-agent.ts'
import { syncClock, unsyncClock } from './sync-clock.ts'
import { undoingOf } from './undo.ts'
import { stopDocker, uninstall } from './uninstall.ts'
import { restartAgent, switchAgent } from './upgrade.ts'

const join: readonly Step[] = [
  authorizeKey,
  syncClock,
  installPackages,
  startDocker,
  liveRestore,
  pushRuntime,
  pushAgent,
  configure,
  startAgent,
]

const stepsOf: Readonly<Record<string, readonly Step[]>> = {
  Check: [],
  Join: join,
  // Joining looks before it acts: run again, it does what is missing.
  Repair: join,
  Upgrade: [pushRuntime, pushAgent, switchAgent],
  Restart: [restartAgent],
  Remove: [
    drain,
    cleanUp,
    deleteNode,
    revokeCertificate,
    resetLiveRestore,
    stopDocker,
    uninstall,
    unsyncClock,
    deleteFiles,
    withdrawKey,
  ],
}

/** @throws Error for a step to undo that is none */
export async function stepsFor(context: ContextWithoutProgress): Promise<readonly Step[]> {
  const { action, step, images = [] } = context.operation.spec
  if (action === 'Undo') return undoingOf(step, context)
  if (action === 'LoadImages') return images.map(loadImage)
  return stepsOf[action] ?? []
}
