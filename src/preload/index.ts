// The sandboxed preload: hands the window the typed bridge, and nothing of Electron itself.
import { contextBridge, ipcRenderer } from 'electron'
import { type DesktopBridge, isPushChannel, isRequestChannel } from './channels.ts'

const bridge: DesktopBridge = {
  platform: process.platform,
  invoke(channel, ...args) {
    if (!isRequestChannel(channel)) return Promise.reject(new Error(`unknown channel ${String(channel)}`))
    return ipcRenderer.invoke(channel, ...args)
  },
  on(channel, listener) {
    if (!isPushChannel(channel)) throw new Error(`unknown channel ${String(channel)}`)
    const forward = (_event: unknown, payload: Parameters<typeof listener>[0]) => listener(payload)
    ipcRenderer.on(channel, forward)
    return () => ipcRenderer.off(channel, forward)
  },
}

contextBridge.exposeInMainWorld('flotilla', bridge)
