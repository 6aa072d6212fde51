// Other people's clusters, each in a window and a session of its own: what fails in one is nothing to the others.
import { createHash } from 'node:crypto'
import { existsSync } from 'node:fs'
import { type BrowserWindow, type Session, type WebContents, dialog } from 'electron'
import type { KnownCluster, OfferedContexts, PushChannel, Pushes } from '../../../preload/channels.ts'
import { systemClock } from '../../../shared/machinery/clock.ts'
import { userKubeconfigPath } from '../../data-folder/kubeconfig-file.ts'
import { type ApiForwarder, createApiForwarder } from '../api-forwarder.ts'
import type { AskingWindow } from '../asking-window.ts'
import { serveScheme } from '../protocol.ts'
import type { Say } from '../say.ts'
import type { Settings, SettingsFile } from '../settings.ts'
import { forwardApi } from '../forward-api.ts'
import { PortForwards } from '../port-forwards.ts'
import { clusterSession, openWindow, placeBeside, type WindowPaths } from '../window.ts'
import { WindowGroup } from '../window-group.ts'
import type { WindowState } from '../window-state.ts'
import { contextAccess } from './access.ts'
import { pluginCommand, shownName, shownPart } from './exec-plugin.ts'
import { type KubeContext, loginKind, readContexts } from './kubeconfig.ts'

export interface OtherClustersOptions {
  readonly paths: WindowPaths & { readonly renderer: string }
  readonly settings: SettingsFile
  readonly say: Say
  /** The app's own cluster, and how its window is shown. */
  readonly local: { readonly server: () => string; readonly show: () => void }
  /** Told when clusters come and go. */
  readonly onChange: (clusters: readonly KnownCluster[]) => void
}

interface Opened {
  readonly windows: WindowGroup
  readonly pages: Session
  readonly forwards: PortForwards
  readonly forwarder: ApiForwarder
  readonly other: KnownCluster
}

const knownOf = (cluster: Settings['clusters'][number]): KnownCluster => {
  const { id, path, context, server, namespace, name = context } = cluster
  return {
    ...{ id, name, server, kubeconfig: { path, context } },
    ...(namespace === undefined ? {} : { namespace }),
  }
}

export class OtherClusters implements AsyncDisposable {
  readonly #options: OtherClustersOptions
  readonly #opened = new Map<string, Opened>()
  #offered: readonly KubeContext[] = []

  constructor(options: OtherClustersOptions) {
    this.#options = options
  }

  list(): KnownCluster[] {
    const { settings, local } = this.#options
    const others = settings.current.clusters.map(knownOf)
    return [{ id: 'local', name: 'Flotilla', server: local.server() }, ...others]
  }

  find(contents: WebContents): AskingWindow | undefined {
    for (const { windows, forwards, other } of this.#opened.values()) {
      const found = windows.find(contents)
      if (found) return { ...found, forwards, other }
    }
    return undefined
  }

  push<C extends PushChannel>(channel: C, payload: Pushes[C]): void {
    for (const { windows } of this.#opened.values()) windows.push(channel, payload)
  }

  /** @param pick lets the user choose the file. @returns undefined when none was chosen */
  async offer(parent: BrowserWindow, pick: boolean): Promise<OfferedContexts | undefined> {
    const path = pick
      ? (await dialog.showOpenDialog(parent, { properties: ['openFile', 'showHiddenFiles'] })).filePaths[0]
      : userKubeconfigPath()
    if (path === undefined) return undefined
    this.#offered = []
    if (!existsSync(path)) return { path, contexts: [] }
    try {
      this.#offered = readContexts(path)
    } catch (error) {
      return { path, contexts: [], problem: (error as Error).message }
    }
    return {
      path,
      contexts: this.#offered.map(context => ({
        name: context.name,
        server: context.cluster.server,
        login: loginKind(context),
      })),
    }
  }

  /** @param context of the file that was offered last */
  add(context: string): KnownCluster {
    const chosen = this.#offered.find(({ name }) => name === context)
    if (!chosen) throw new Error('this context was not offered')
    return this.#keep(chosen)
  }

  /** The cluster of a kubeconfig that has one context. @param name what people call it */
  openFile(path: string, name: string): void {
    const [context] = readContexts(path)
    if (!context) throw new Error(`${path} has no context`)
    this.#keep(context, name)
  }

  /** Whatever was added out of a file is not known any more. */
  forgetFile(path: string): void {
    for (const { id } of this.#options.settings.current.clusters.filter(cluster => cluster.path === path))
      this.remove(id)
  }

  #keep({ path, name: context, namespace, cluster: { server } }: KubeContext, name?: string): KnownCluster {
    const { settings, onChange } = this.#options
    const id = createHash('sha256')
      .update(JSON.stringify([path, context]))
      .digest('hex')
      .slice(0, 16)
    const kept = {
      ...{ id, path, context, server },
      ...(name === undefined ? {} : { name }),
      ...(namespace === undefined ? {} : { namespace }),
    }
    const known = settings.current.clusters
    // It keeps its place in the rail.
    const clusters = known.some(cluster => cluster.id === id)
      ? known.map(cluster => (cluster.id === id ? kept : cluster))
      : [...known, kept]
    settings.change({ clusters })
    onChange(this.list())
    this.open(id)
    return knownOf(kept)
  }

  open(id: string): void {
    const { settings, paths, local } = this.#options
    if (id === 'local') return local.show()
    const open = this.#opened.get(id)
    if (open) return open.windows.front?.focus()
    const known = settings.current.clusters.find(cluster => cluster.id === id)
    if (!known) throw new Error('there is no such cluster')
    const other = knownOf(known)
    const pages = clusterSession(id)
    const refusedHashes = new Set<string>()
    const source = contextAccess({
      path: known.path,
      context: known.context,
      clock: systemClock,
      confirm: context => this.#confirm(id, context, refusedHashes),
    })
    const forwarder = createApiForwarder(source)
    serveScheme(pages, paths.renderer, forwarder)
    const windows = new WindowGroup(source, () => {
      this.#opened.delete(id)
      void forwards[Symbol.asyncDispose]()
      pages.protocol.unhandle('app')
      void forwarder[Symbol.asyncDispose]()
    })
    const forwards = new PortForwards(forwardApi(source, forwarder), status => windows.push('forward:changed', status))
    const opened = { windows, pages, forwards, forwarder, other }
    this.#opened.set(id, opened)
    const size = settings.current.window
    this.#show(opened, size && { ...size, maximized: false }, '/')
  }

  #show({ windows, pages, other }: Opened, state: WindowState | undefined, place: string): void {
    const window = openWindow(this.#options.paths, pages, state, place)
    window.setTitle(`${shownName(other.name)} — Flotilla`)
    window.on('page-title-updated', event => event.preventDefault())
    windows.add(window)
  }

  /** One more window of the cluster that `from` shows. */
  showAnother(from: WebContents, place: string): void {
    for (const opened of this.#opened.values()) {
      const found = opened.windows.find(from)
      if (found) this.#show(opened, placeBeside(found.window), place)
    }
  }

  remove(id: string): void {
    const { settings, onChange } = this.#options
    const others = settings.current.clusters.filter(cluster => cluster.id !== id)
    // What the own cluster's window keeps is not for the others to clear.
    if (others.length === settings.current.clusters.length) throw new Error('there is no such cluster')
    settings.change({ clusters: others })
    this.#opened.get(id)?.windows.closeAll()
    void clusterSession(id).clearStorageData()
    onChange(this.list())
  }

  /** Once per content of the file; a refusal holds until the window is opened again. */
  async #confirm(id: string, context: KubeContext, refused: Set<string>): Promise<boolean> {
    const { settings, say } = this.#options
    const { exec } = context.user
    const window = this.#opened.get(id)?.windows.front
    if (!exec || !window || refused.has(context.fileHash)) return false
    const command = pluginCommand(exec, context.path)
    const key = createHash('sha256')
      .update(JSON.stringify([context.fileHash, context.name, command, exec.env]))
      .digest('hex')
    if (settings.current.confirmedPrograms.includes(key)) return true
    const { response } = await dialog.showMessageBox(window, {
      type: 'warning',
      message: say('Run a program to log in to {context}?', { context: shownPart(context.name) }),
      detail: [
        say('The kubeconfig {path} asks for this program, with your rights:', { path: context.path }),
        '',
        ...command.map(shownPart),
        ...(exec.env ?? []).map(({ name, value }) => shownPart(`${name}=${value}`)),
        '',
        say('This is asked again when the file changes.'),
      ].join('\n'),
      buttons: [say('Run it'), say('Do not run it')],
      defaultId: 1,
      cancelId: 1,
      noLink: true,
    })
    if (response !== 0) {
      refused.add(context.fileHash)
      return false
    }
    settings.change({ confirmedPrograms: [...settings.current.confirmedPrograms, key] })
    return true
  }

  /** Of all that are open: lists go on over new connections. */
  endWatches(): void {
    for (const { forwarder } of this.#opened.values()) forwarder.endWatches()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const { windows, forwards, forwarder } of this.#opened.values()) {
      windows.closeStreams()
      await forwards[Symbol.asyncDispose]()
      await forwarder[Symbol.asyncDispose]()
    }
  }
}
