// The desktop app, in the order in which it starts.
import { join } from 'node:path'
import { type BrowserWindow, app } from 'electron'
import type { ControlPlaneStatus } from '../preload/channels.ts'
import { UsageError } from './cli/usage-error.ts'
import { announceNode, announceReady } from './announce.ts'
import { type ControlPlane, type ControlPlaneOptions, startControlPlane } from './control-plane.ts'
import { dataDirLayout } from './data-dir.ts'
import { createApiForwarder } from './desktop/api-forwarder.ts'
import { openLog } from './desktop/app-log.ts'
import { ControlPlaneHost } from './desktop/control-plane-host.ts'
import { serveIpc } from './desktop/ipc.ts'
import { setMenu } from './desktop/menu.ts'
import { createStoreKeys } from './desktop/store-keys.ts'
import { desktopOptions, readSettings, showListen, writeSettings } from './desktop/options.ts'
import { registerScheme, serveScheme } from './desktop/protocol.ts'
import { createStreamBridge } from './desktop/stream-bridge.ts'
import { type AppTray, createTray } from './desktop/tray.ts'
import { hardenPages, openWindow, push } from './desktop/window.ts'

const root = join(import.meta.dirname, '..', '..')
const paths = {
  renderer: join(root, 'out', 'renderer'),
  preload: join(root, 'out', 'preload', 'index.cjs'),
  icon: join(root, 'resources', 'icon.png'),
}

let window: BrowserWindow | undefined
let tray: AppTray | undefined
let quitting = false

registerScheme()

/** Started from a terminal, the app tells there what the headless command tells. */
async function startAndTell(options: ControlPlaneOptions): Promise<ControlPlane> {
  const print = (line: string) => console.log(line)
  const controlPlane = await startControlPlane({ ...options, onNodeStatus: announceNode(print) })
  announceReady(controlPlane, print)
  return controlPlane
}

function main(): void {
  const settingsPath = join(app.getPath('userData'), 'settings.json')
  const options = desktopOptions(process.argv.slice(1), readSettings(settingsPath))
  const log = openLog(dataDirLayout(options.dataDir).logs)

  const host = new ControlPlaneHost(startAndTell, createStoreKeys(app.getPath('userData')), options, {
    onStatus(status: ControlPlaneStatus) {
      push(window, 'control-plane:changed', status)
      tray?.show(status)
    },
    onMoved: ({ dataDir, listen }) => writeSettings(settingsPath, { dataDir, listen: showListen(listen) }),
    log,
  })
  const identity = () => host.identity
  const forwarder = createApiForwarder(identity)
  const streams = createStreamBridge(identity, event => push(window, 'stream:event', event))
  const stopIpc = serveIpc({
    window: () => window,
    host,
    streams,
    logDir: () => dataDirLayout(host.status.dataDir).logs,
  })

  function show(): void {
    if (window && !window.isDestroyed()) {
      if (window.isMinimized()) window.restore()
      window.show()
      window.focus()
      return
    }
    window = openWindow(paths)
    window.on('closed', () => {
      streams.closeAll()
      window = undefined
    })
  }

  async function stop(): Promise<void> {
    stopIpc()
    streams.closeAll()
    await forwarder[Symbol.asyncDispose]()
    await host[Symbol.asyncDispose]()
    tray?.[Symbol.dispose]()
  }

  app.on('second-instance', show)
  app.on('activate', show)
  // The cluster outlives the window; the tray brings it back, and so does starting the app again.
  app.on('window-all-closed', () => (tray ? undefined : app.quit()))
  app.on('before-quit', event => {
    if (quitting) return
    quitting = true
    event.preventDefault()
    stop()
      .catch((error: unknown) => log(`stopping failed: ${String(error)}`))
      .finally(() => app.exit(0))
  })
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => app.quit())

  hardenPages()
  serveScheme(paths.renderer, forwarder)
  setMenu(() => window)
  show()
  try {
    tray = createTray(paths.icon, { open: show, quit: () => app.quit() })
    tray.show(host.status)
  } catch (error) {
    log(`there is no tray here: ${String(error)}`)
  }
  void host.start()
}

if (app.requestSingleInstanceLock())
  app
    .whenReady()
    .then(main)
    .catch((error: unknown) => {
      console.error(`flotilla: ${error instanceof Error ? error.message : String(error)}`)
      app.exit(error instanceof UsageError ? 2 : 1)
    })
else app.quit()
