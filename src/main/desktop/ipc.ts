// Answers the window's requests: the sender is checked, arguments are parsed, results are typed by the channel map.
import { writeFile } from 'node:fs/promises'
import { type BrowserWindow, type IpcMainInvokeEvent, type WebContents, dialog, ipcMain, shell } from 'electron'
import * as v from 'valibot'
import type { ControlPlaneStatus, KnownCluster, RequestChannel, Requests } from '../../preload/channels.ts'
import type { AppSettings } from './app-settings.ts'
import { ROLES } from '../../shared/people/invite.ts'
import { helmArguments } from '../../shared/machinery/helm-operation.ts'
import type { OtherClusters } from './clusters/other-clusters.ts'
import type { ControlPlaneHost } from './control-plane-host.ts'
import { withHandedAccess } from './clusters/handed-access.ts'
import { helmVersion, runHelm } from './helm.ts'
import { addressesOf, inviteInto } from './invitations.ts'
import { type GatheredFile, packBundle } from './log-bundle.ts'
import type { LocalClusterDesk } from './local-clusters.ts'
import { localImages } from './local-images.ts'
import { ORIGIN } from './protocol.ts'
import { sshHosts } from './ssh-hosts.ts'
import type { Updates } from './updates/updates.ts'
import type { AskingWindow } from './asking-window.ts'

export interface IpcParts {
  /** The open window that the contents are of. */
  readonly find: (contents: WebContents) => AskingWindow | undefined
  readonly host: ControlPlaneHost
  readonly clusters: OtherClusters
  readonly local: LocalClusterDesk
  readonly logDir: () => string
  readonly settings: AppSettings
  readonly updates: Updates
  readonly gatherLogs: () => Promise<GatheredFile[]>
  /** Where programs of the user's find the way into a cluster while they run. */
  readonly handedFolder: string
}

const text = v.pipe(v.string(), v.maxLength(4096))
const bytes = v.instance(Uint8Array)
const release = { namespace: text, name: text }
const flags = { createNamespace: v.exactOptional(v.boolean()), dryRun: v.exactOptional(v.boolean()) }
const port = (least: number) => v.pipe(v.number(), v.integer(), v.minValue(least), v.maxValue(65_535))

/** What each channel's arguments must look like. */
const schemas: { [C in RequestChannel]: v.GenericSchema<unknown, Requests[C]['args']> } = {
  'control-plane:status': v.strictTuple([]),
  'control-plane:start': v.strictTuple([
    v.strictObject({
      dataDir: v.exactOptional(text),
      listen: v.exactOptional(text),
      passphrase: v.exactOptional(text),
      remember: v.exactOptional(v.boolean()),
    }),
  ]),
  'desktop:choose-folder': v.strictTuple([]),
  'desktop:open-logs': v.strictTuple([]),
  'desktop:settings': v.strictTuple([]),
  'desktop:change-settings': v.strictTuple([
    v.strictObject({
      onClose: v.exactOptional(v.picklist(['ask', 'stay', 'quit'])),
      startAtLogin: v.exactOptional(v.boolean()),
      keepAwake: v.exactOptional(v.boolean()),
      lookForUpdates: v.exactOptional(v.picklist(['never', 'daily'])),
      language: v.exactOptional(v.picklist(['en', 'de'])),
    }),
  ]),
  'desktop:gather-logs': v.strictTuple([]),
  'desktop:save-logs': v.strictTuple([]),
  'desktop:save-text': v.strictTuple([text, v.string()]),
  'updates:status': v.strictTuple([]),
  'updates:look': v.strictTuple([]),
  'updates:download': v.strictTuple([]),
  'updates:install': v.strictTuple([]),
  'updates:open': v.strictTuple([]),
  'clusters:list': v.strictTuple([]),
  'clusters:offer': v.strictTuple([v.boolean()]),
  'clusters:add': v.strictTuple([text]),
  'clusters:open': v.strictTuple([text]),
  'clusters:remove': v.strictTuple([text]),
  'local:list': v.strictTuple([]),
  'local:run': v.strictTuple([v.picklist(['create', 'start', 'stop', 'reset', 'delete']), text, v.number()]),
  'local:open': v.strictTuple([text]),
  'images:list': v.strictTuple([]),
  'hosts:known': v.strictTuple([]),
  'forward:start': v.strictTuple([
    v.strictObject({
      id: text,
      kind: v.picklist(['pods', 'services', 'deployments', 'statefulsets']),
      namespace: text,
      name: text,
      port: port(1),
      localPort: port(0),
    }),
  ]),
  'forward:stop': v.strictTuple([text]),
  'forward:open': v.strictTuple([text]),
  'helm:version': v.strictTuple([]),
  'helm:run': v.strictTuple([
    v.variant('do', [
      v.strictObject({ ...release, do: v.literal('rollback'), revision: v.pipe(v.number(), v.integer()) }),
      v.strictObject({ ...release, do: v.literal('uninstall'), keepHistory: v.boolean() }),
      v.strictObject({
        ...release,
        do: v.literal('upgrade'),
        chart: text,
        version: text,
        values: v.string(),
        ...flags,
      }),
    ]),
  ]),
  'people:addresses': v.strictTuple([]),
  'people:invite': v.strictTuple([
    v.strictObject({
      name: text,
      role: v.picklist(ROLES),
      namespaces: v.pipe(v.array(text), v.maxLength(1000)),
      days: v.number(),
    }),
    text,
  ]),
  'stream:open': v.strictTuple([v.pipe(v.string(), v.maxLength(16_384)), v.pipe(v.array(text), v.maxLength(8))]),
  'stream:send': v.strictTuple([text, bytes]),
  'stream:close': v.strictTuple([text]),
}

/** Another cluster runs without us: as far as the window is concerned it is there. */
const statusOf = (other: KnownCluster): ControlPlaneStatus => ({
  state: 'running',
  dataDir: '',
  listen: '',
  url: other.server,
  canRemember: false,
  other,
})

/** @returns a function that takes the handlers away */
export function serveIpc({
  find,
  host,
  clusters,
  local,
  logDir,
  settings,
  updates,
  gatherLogs,
  handedFolder,
}: IpcParts): () => void {
  /** Only our own page in a window of ours, in its top frame, may ask. */
  function asking({ senderFrame, sender }: IpcMainInvokeEvent): AskingWindow {
    const from = find(sender)
    if (!from || !senderFrame || senderFrame !== sender.mainFrame || !senderFrame.url.startsWith(`${ORIGIN}/`))
      throw new Error('this page may not ask that')
    return from
  }
  function handle<C extends RequestChannel>(
    channel: C,
    answer: (
      from: AskingWindow,
      ...args: Requests[C]['args']
    ) => Requests[C]['result'] | Promise<Requests[C]['result']>,
  ): void {
    const schema: v.GenericSchema<unknown, Requests[C]['args']> = schemas[channel]
    ipcMain.handle(channel, (event, ...args: unknown[]) => {
      const from = asking(event)
      return answer(from, ...v.parse(schema, args))
    })
  }

  handle('control-plane:status', ({ other }) => (other ? statusOf(other) : host.status))
  handle('control-plane:start', ({ other }, overrides) => (other ? statusOf(other) : host.start(overrides)))
  handle('clusters:list', () => clusters.list())
  handle('clusters:offer', ({ window }, pick) => clusters.offer(window, pick))
  handle('clusters:add', (_from, context) => clusters.add(context))
  handle('clusters:open', (_from, id) => (clusters.open(id), undefined))
  handle('clusters:remove', (_from, id) => (clusters.remove(id), undefined))
  handle('local:list', () => local.list())
  handle('local:run', async (_from, wish, name, nodes) => (await local.run(wish, name, nodes), undefined))
  handle('local:open', async (_from, name) => (await local.open(name), undefined))
  handle('images:list', ({ other }) => (other ? [] : localImages()))
  handle('hosts:known', ({ other }) => (other ? [] : sshHosts()))
  handle('desktop:choose-folder', async ({ window }) => {
    const { filePaths } = await dialog.showOpenDialog(window, { properties: ['openDirectory', 'createDirectory'] })
    return filePaths[0]
  })
  handle('desktop:open-logs', () => shell.openPath(logDir()))
  async function choosePath(window: BrowserWindow, name: string): Promise<string | undefined> {
    const { filePath } = await dialog.showSaveDialog(window, { defaultPath: name.replace(/[/\\]/g, '-') })
    return filePath || undefined
  }
  async function save(window: BrowserWindow, name: string, content: () => string | Promise<Buffer>): Promise<boolean> {
    const filePath = await choosePath(window, name)
    if (filePath === undefined) return false
    await writeFile(filePath, await content())
    return true
  }
  let gathered: readonly GatheredFile[] = []
  handle('desktop:save-text', ({ window }, name, content) => save(window, name, () => content))
  handle('desktop:gather-logs', async () => {
    gathered = await gatherLogs()
    return gathered.map(({ name, bytes: size, hidden }) => ({ name, bytes: size, hidden }))
  })
  handle('desktop:save-logs', ({ window }) => {
    const now = new Date()
    return save(window, `flotilla-logs-${now.toISOString().slice(0, 10)}.tar.gz`, () => packBundle(gathered, now))
  })
  handle('desktop:settings', () => settings.current)
  handle('desktop:change-settings', (_from, changes) => settings.change(changes))
  handle('updates:status', () => updates.status)
  handle('updates:look', () => updates.look())
  handle('updates:download', () => updates.download())
  handle('updates:install', async () => (await updates.install(), undefined))
  handle('updates:open', async () => (await shell.openExternal(updates.page), undefined))
  handle('stream:open', ({ streams }, path, protocols) => streams.open(path, protocols))
  handle('stream:send', async ({ streams }, id, data) => (await streams.send(id, data), undefined))
  handle('stream:close', ({ streams }, id) => (streams.close(id), undefined))
  handle('forward:start', ({ forwards }, spec) => forwards.start(spec))
  handle('forward:stop', async ({ forwards }, id) => (await forwards.stop(id), undefined))
  handle('forward:open', async ({ forwards }, id) => (await shell.openExternal(forwards.urlOf(id)), undefined))
  handle('helm:version', () => helmVersion())
  handle('helm:run', async ({ access }, operation) => {
    helmArguments(operation) // nothing is written down for what is not run
    return withHandedAccess(access, handedFolder, kubeconfig => runHelm(operation, kubeconfig))
  })
  handle('people:addresses', from => addressesOf(from, host.status.dataDir))
  handle('people:invite', (from, invitation, server) =>
    inviteInto(from, invitation, server, {
      dataDir: host.status.dataDir,
      choosePath: name => choosePath(from.window, name),
    }),
  )
  return () => {
    for (const channel of Object.keys(schemas)) ipcMain.removeHandler(channel)
  }
}
