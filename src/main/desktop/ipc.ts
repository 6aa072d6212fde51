// Answers the window's requests: the sender is checked, arguments are parsed, results are typed by the channel map.
import { writeFile } from 'node:fs/promises'
import { type BrowserWindow, type IpcMainInvokeEvent, dialog, ipcMain, shell } from 'electron'
import * as v from 'valibot'
import type { RequestChannel, Requests } from '../../preload/channels.ts'
import type { AppSettings } from './app-settings.ts'
import type { ControlPlaneHost } from './control-plane-host.ts'
import { type GatheredFile, packBundle } from './log-bundle.ts'
import { ORIGIN } from './protocol.ts'
import type { StreamBridge } from './stream-bridge.ts'

export interface IpcParts {
  readonly window: () => BrowserWindow | undefined
  readonly host: ControlPlaneHost
  readonly streams: StreamBridge
  readonly logDir: () => string
  readonly settings: AppSettings
  readonly gatherLogs: () => Promise<GatheredFile[]>
}

const text = v.pipe(v.string(), v.maxLength(4096))
const bytes = v.instance(Uint8Array)

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
    }),
  ]),
  'desktop:gather-logs': v.strictTuple([]),
  'desktop:save-logs': v.strictTuple([]),
  'desktop:save-text': v.strictTuple([text, v.string()]),
  'stream:open': v.strictTuple([v.pipe(v.string(), v.maxLength(16_384)), v.pipe(v.array(text), v.maxLength(8))]),
  'stream:send': v.strictTuple([text, bytes]),
  'stream:close': v.strictTuple([text]),
}

/** Only our own page in our own window's top frame may ask. */
function assertSender({ senderFrame, sender }: IpcMainInvokeEvent, window: BrowserWindow | undefined): void {
  const isOurs = window !== undefined && sender === window.webContents && senderFrame === window.webContents.mainFrame
  if (!isOurs || !senderFrame.url.startsWith(`${ORIGIN}/`)) throw new Error('this page may not ask that')
}

/** @returns a function that takes the handlers away */
export function serveIpc({ window, host, streams, logDir, settings, gatherLogs }: IpcParts): () => void {
  function handle<C extends RequestChannel>(
    channel: C,
    answer: (...args: Requests[C]['args']) => Requests[C]['result'] | Promise<Requests[C]['result']>,
  ): void {
    const schema: v.GenericSchema<unknown, Requests[C]['args']> = schemas[channel]
    ipcMain.handle(channel, (event, ...args: unknown[]) => {
      assertSender(event, window())
      return answer(...v.parse(schema, args))
    })
  }

  handle('control-plane:status', () => host.status)
  handle('control-plane:start', overrides => host.start(overrides))
  handle('desktop:choose-folder', async () => {
    const parent = window()
    const options = { properties: ['openDirectory', 'createDirectory'] as ('openDirectory' | 'createDirectory')[] }
    const { filePaths } = await (parent ? dialog.showOpenDialog(parent, options) : dialog.showOpenDialog(options))
    return filePaths[0]
  })
  handle('desktop:open-logs', () => shell.openPath(logDir()))
  async function save(name: string, content: () => string | Promise<Buffer>): Promise<boolean> {
    const parent = window()
    const options = { defaultPath: name.replace(/[/\\]/g, '-') }
    const { filePath } = await (parent ? dialog.showSaveDialog(parent, options) : dialog.showSaveDialog(options))
    if (!filePath) return false
    await writeFile(filePath, await content())
    return true
  }
  let gathered: readonly GatheredFile[] = []
  handle('desktop:save-text', (name, content) => save(name, () => content))
  handle('desktop:gather-logs', async () => {
    gathered = await gatherLogs()
    return gathered.map(({ name, bytes: size, hidden }) => ({ name, bytes: size, hidden }))
  })
  handle('desktop:save-logs', () => {
    const now = new Date()
    return save(`flotilla-logs-${now.toISOString().slice(0, 10)}.tar.gz`, () => packBundle(gathered, now))
  })
  handle('desktop:settings', () => settings.current)
  handle('desktop:change-settings', changes => settings.change(changes))
  handle('stream:open', (path, protocols) => streams.open(path, protocols))
  handle('stream:send', async (id, data) => (await streams.send(id, data), undefined))
  handle('stream:close', id => (streams.close(id), undefined))
  return () => {
    for (const channel of Object.keys(schemas)) ipcMain.removeHandler(channel)
  }
}
