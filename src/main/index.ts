// The desktop app, in the order in which it starts.
import { join } from 'node:path'
import { BrowserWindow, type WebContents, app, clipboard, powerMonitor, shell } from 'electron'
import type { PushChannel, Pushes } from '../preload/channels.ts'
import { UsageError } from './process/usage-error.ts'
import { announceNode, announceReady } from './control-plane/announce.ts'
import { type ControlPlaneOptions, startControlPlane } from './control-plane.ts'
import { crashFolder } from './process/crash-report.ts'
import { dataDirLayout, localClustersFolder } from './data-folder/data-dir.ts'
import { createApiForwarder } from './desktop/api-forwarder.ts'
import { appImage } from './desktop/app-image.ts'
import { openLog } from './desktop/app-log.ts'
import { createAppSettings } from './desktop/app-settings.ts'
import { localAccess } from './desktop/clusters/local-access.ts'
import { OtherClusters } from './desktop/clusters/other-clusters.ts'
import { ClusterWatch } from './desktop/cluster-watch.ts'
import { ControlPlaneHost, type RunningControlPlane, withSignpost } from './desktop/control-plane-host.ts'
import { reportCrashes } from './desktop/crash-reports.ts'
import { placeInArguments, placeOfLink } from './desktop/deep-link.ts'
import { forgetHandedAccess } from './desktop/clusters/handed-access.ts'
import { serveIpc } from './desktop/ipc.ts'
import { LocalClusterDesk } from './desktop/local-clusters.ts'
import { createKeepAwake } from './desktop/keep-awake.ts'
import { gatherBundle } from './desktop/log-bundle.ts'
import { autostartFile, systemLoginItem } from './desktop/login-item.ts'
import { MainWindow } from './desktop/main-window.ts'
import { setMenu } from './desktop/menu.ts'
import { desktopOptions, showListen } from './desktop/options.ts'
import { forwardApi } from './desktop/forward-api.ts'
import { PortForwards } from './desktop/port-forwards.ts'
import { registerScheme, serveScheme } from './desktop/protocol.ts'
import { createSay, systemLanguage } from './desktop/say.ts'
import { serveBeside } from './desktop/serve-beside.ts'
import { SettingsFile } from './desktop/settings.ts'
import { createStoreKeys } from './desktop/store-keys.ts'
import { type AppTray, createTray } from './desktop/tray.ts'
import { createUpdates, lookDaily } from './desktop/updates/create-updates.ts'
import { blameFor } from './desktop/updates/blame.ts'
import { clusterSession, hardenPages, placeOfPage } from './desktop/window.ts'
import { keepHeapLean } from './process/lean-heap.ts'
import { optimizeSooner } from './process/optimize-sooner.ts'
import { onStopSignal } from './process/stop-signals.ts'

const root = join(import.meta.dirname, '..', '..')
const paths = {
  renderer: join(root, 'out', 'renderer'),
  preload: join(root, 'out', 'preload', 'index.cjs'),
  icon: join(root, 'resources', 'icon.png'),
  /** Only published builds have it; a checkout may be told of one. */
  updateFeed: (!app.isPackaged && process.env.FLOTILLA_UPDATE_FEED) || join(root, 'out', 'update-feed.json'),
}

keepHeapLean()
registerScheme()

/** Started from a terminal, the app tells there what the headless command tells. */
async function startAndTell(options: ControlPlaneOptions): Promise<RunningControlPlane> {
  const print = (line: string) => console.log(line)
  const controlPlane = await startControlPlane({ ...options, onNodeStatus: announceNode(print) })
  optimizeSooner()
  announceReady(controlPlane, print)
  return withSignpost(controlPlane, options)
}

/** What starts this app again, without a window. */
function commandAtLogin(): string[] {
  // An AppImage is mounted elsewhere each time.
  const program = appImage(process.env) ?? process.execPath
  return [program, ...(app.isPackaged ? [] : [app.getAppPath()]), '--hidden']
}

function main(): void {
  hardenPages(openBeside)
  const complaints: string[] = []
  const settings = new SettingsFile(join(app.getPath('userData'), 'settings.json'), error =>
    complaints.push(`the settings: ${String(error)}`),
  )
  const say = createSay(() => settings.current.language ?? systemLanguage(app.getLocale()))
  const options = desktopOptions(process.argv.slice(1), settings.current)
  const log = openLog(dataDirLayout(options.dataDir).logs)
  for (const complaint of complaints) log(complaint)
  let tray: AppTray | undefined
  let quitting = false
  let pageAsked = false

  const logDir = () => dataDirLayout(host.status.dataDir).logs
  const session = clusterSession('local')
  const access = localAccess(() => host.identity)
  const window = new MainWindow({
    paths,
    session,
    source: access,
    settings,
    canStay: () => tray !== undefined,
    say,
    onClosed: judgeSelf,
  })
  const host = new ControlPlaneHost(startAndTell, createStoreKeys(app.getPath('userData')), options, {
    onStatus(status) {
      window.push('control-plane:changed', status)
      watch.follow(host.identity)
      judgeSelf()
      refresh()
    },
    onMoved: ({ dataDir, listen }) => settings.change({ dataDir, listen: showListen(listen) }),
    log,
  })
  const watch = new ClusterWatch(refresh)
  const forwarder = createApiForwarder(access)
  const forwards = new PortForwards(forwardApi(access, forwarder), status => window.push('forward:changed', status))
  const keepAwake = createKeepAwake()
  const command = commandAtLogin()
  const loginItem = process.platform === 'linux' ? autostartFile(command) : systemLoginItem(app, command)
  const appSettings = createAppSettings(settings, loginItem, changed => {
    window.push('desktop:settings-changed', changed)
    clusters.push('desktop:settings-changed', changed)
    showMenu()
    refresh()
  })

  const updates = createUpdates({
    feedPath: paths.updateFeed,
    folder: join(app.getPath('userData'), 'updates'),
    version: app.getVersion(),
    args: process.argv.slice(app.isPackaged ? 1 : 2),
    async stop() {
      quitting = true
      await stop()
      for (const open of BrowserWindow.getAllWindows()) open.destroy()
    },
    release: () => app.releaseSingleInstanceLock(),
    exit: code => app.exit(code),
    onStatus(status) {
      window.push('updates:changed', status)
      clusters.push('updates:changed', status)
    },
    log,
  })
  /** A new version has passed when its cluster runs and its window, if there is one, has come to ask about it. */
  function judgeSelf(): void {
    const { state, problem } = host.status
    if (state === 'running' && (pageAsked || !window.current)) updates.ready()
    if (problem) updates.notReady(blameFor(problem))
  }

  function refresh(): void {
    const { status } = host
    const { keepAwake: wanted, startAtLogin } = appSettings.current
    keepAwake.set(wanted && status.state === 'running')
    tray?.show({ status, summary: watch.summary, keepAwake: wanted, startAtLogin })
  }
  const change = (changes: Parameters<typeof appSettings.change>[0]) => {
    try {
      appSettings.change(changes)
    } catch (error) {
      log(`a setting cannot be changed: ${String(error)}`)
      refresh()
    }
  }

  const clusters = new OtherClusters({
    paths,
    settings,
    say,
    local: { server: () => host.identity?.server ?? '', show: () => window.show() },
    onChange(known) {
      window.push('clusters:changed', known)
      clusters.push('clusters:changed', known)
    },
  })
  const local = new LocalClusterDesk({
    folder: localClustersFolder(),
    windows: clusters,
    // The Node that a packaged app carries is Linux's.
    ...(app.isPackaged && process.platform !== 'linux' && { serve: serveBeside }),
    onChange(now) {
      window.push('local:changed', now)
      clusters.push('local:changed', now)
    },
  })
  const handedFolder = join(app.getPath('userData'), 'handed')
  forgetHandedAccess(handedFolder)
  const stopIpc = serveIpc({
    find(contents) {
      const own = window.find(contents)
      if (!own) return clusters.find(contents)
      if (!pageAsked) {
        pageAsked = true
        judgeSelf()
      }
      return { ...own, other: undefined, forwards }
    },
    host,
    clusters,
    local,
    logDir,
    handedFolder,
    settings: appSettings,
    updates,
    gatherLogs: () =>
      gatherBundle([logDir(), crashFolder(logDir())], { controlPlane: host.status, settings: appSettings.current }),
  })

  /** One more window of the cluster that the other one shows. */
  function openBeside(from: WebContents, place: string): void {
    if (window.find(from)) window.showAnother(place)
    else clusters.showAnother(from, place)
  }

  const looking = lookDaily(updates, () => settings.current.lookForUpdates === 'daily')

  async function stop(): Promise<void> {
    looking[Symbol.dispose]()
    stopIpc()
    window.closeStreams()
    await clusters[Symbol.asyncDispose]()
    await watch[Symbol.asyncDispose]()
    await forwards[Symbol.asyncDispose]()
    await forwarder[Symbol.asyncDispose]()
    await host[Symbol.asyncDispose]()
    keepAwake[Symbol.dispose]()
    tray?.[Symbol.dispose]()
  }

  // While the computer slept, others may have given its connections up.
  powerMonitor.on('resume', () => {
    forwarder.endWatches()
    clusters.endWatches()
  })
  app.on('second-instance', (_event, argv) => window.show(placeInArguments(argv)))
  // macOS hands links over as events, also to a program that runs.
  app.on('open-url', (event, link) => {
    event.preventDefault()
    window.show(placeOfLink(link))
  })
  app.on('activate', () => window.show())
  // The cluster outlives the window; the tray brings it back, and so does starting the app again.
  app.on('window-all-closed', () => (tray ? undefined : app.quit()))
  app.on('before-quit', event => {
    // While a new version is on trial, this one is only there to judge it.
    if (updates.status.state === 'installing') return event.preventDefault()
    if (quitting) return
    quitting = true
    event.preventDefault()
    stop()
      .catch((error: unknown) => log(`stopping failed: ${String(error)}`))
      .finally(() => app.exit(0))
  })
  const quit = () => app.quit()
  onStopSignal(quit, quit)

  if (!updates.begin()) return
  // A checkout leaves the user's links alone.
  if (app.isPackaged) app.setAsDefaultProtocolClient('flotilla')
  reportCrashes({ folder: () => crashFolder(logDir()), say, isQuitting: () => quitting, log })
  serveScheme(session, paths.renderer, forwarder)
  const openLogs = () => void shell.openPath(logDir())
  const open = (place?: string) => window.show(place)
  /** What the menu asks for is meant for the window in front; the own cluster's comes up where none is. */
  function pushToFront<C extends PushChannel>(channel: C, payload: Pushes[C]): void {
    const front = BrowserWindow.getFocusedWindow()
    if (front && clusters.find(front.webContents)) return front.webContents.send(channel, payload)
    window.show()
    window.tell(channel, payload)
  }
  /** Anew when its language may have changed. */
  function showMenu(): void {
    setMenu(
      {
        command: name => pushToFront('desktop:command', name),
        open: place => pushToFront('desktop:open', place),
        openWindow() {
          const front = BrowserWindow.getFocusedWindow() ?? window.current
          if (front) openBeside(front.webContents, placeOfPage(front.webContents.getURL()) ?? '/')
          else window.show()
        },
        openLogs,
        lookForUpdates:
          updates.status.state === 'off'
            ? undefined
            : () => {
                window.show()
                window.tell('desktop:command', 'settings')
                void updates.look()
              },
      },
      say,
    )
  }
  showMenu()
  try {
    tray = createTray(
      paths.icon,
      {
        open,
        openLogs,
        startAgain: () => void host.start(),
        copy: text => clipboard.writeText(text),
        setKeepAwake: on => change({ keepAwake: on }),
        setStartAtLogin: on => change({ startAtLogin: on }),
        quit: () => app.quit(),
      },
      say,
    )
  } catch (error) {
    log(`there is no tray here: ${String(error)}`)
  }
  // Without a tray there would be no way to a window that was never shown.
  if (!options.hidden || !tray) window.show(placeInArguments(process.argv))
  refresh()
  void host.start()
  local.startAgain().catch((error: unknown) => log(`local clusters are not started again: ${String(error)}`))
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
