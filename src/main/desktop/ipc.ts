// Answers the window's requests: the sender is checked, arguments are parsed, results are typed by the channel map.
import { writeFile } from 'node:fs/promises'
import { type BrowserWindow, type IpcMainInvokeEvent, dialog, ipcMain, shell } from 'electron'
import * as v from 'valibot'
import type { RequestChannel, Requests } from '../../preload/channels.ts'
import type { ControlPlaneHost } from './control-plane-host.ts'
import { ORIGIN } from './protocol.ts'
import type { StreamBridge } from './stream-bridge.ts'

export interface IpcParts {
  readonly window: () => BrowserWindow | undefined
  readonly host: ControlPlaneHost
  readonly streams: StreamBridge
  readonly logDir: () => string
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
export function serveIpc({ window, host, streams, logDir }: IpcParts): () => void {
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
  handle('desktop:save-text', async (name, content) => {
    const parent = window()
    const options = { defaultPath: name.replace(/[/\\]/g, '-') }
    const { filePath } = await (parent ? dialog.showSaveDialog(parent, options) : dialog.showSaveDialog(options))
    if (!filePath) return false
    await writeFile(filePath, content)
    return true
  })
  handle('stream:open', (path, protocols) => streams.open(path, protocols))
  handle('stream:send', (id, data) => (streams.send(id, data), undefined))
  handle('stream:close', id => (streams.close(id), undefined))
  return () => {
    for (const channel of Object.keys(schemas)) ipcMain.removeHandler(channel)
  }
}
