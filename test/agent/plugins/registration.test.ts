// Plugins that announce themselves in `plugins_registry`, over real sockets and gRPC.
import { mkdirSync, mkdtempSync, readlinkSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { tmpdir } from 'node:os'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import {
  knownPath,
  linkKubeletFolder,
  ownPath,
  unlinkKubeletFolder,
} from '../../../src/agent/kubelet/plugins/kubelet-folder.ts'
import {
  type Plugin,
  type PluginHandler,
  PluginManager,
  type PluginType,
} from '../../../src/agent/kubelet/plugins/plugin-manager.ts'
import { prepareHostPath } from '../../../src/agent/kubelet/volumes/host-path.ts'
import { systemClock } from '../../../src/shared/machinery/clock.ts'
import { silentLog } from '../../../src/shared/machinery/log.ts'
import { eventually } from '../../support/eventually.ts'
import { announce } from '../../support/plugins/announce.ts'

let dataDir: string
const ends: (() => Promise<void>)[] = []
beforeEach(() => {
  dataDir = mkdtempSync(join(tmpdir(), 'plugins-'))
})
afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end()
  rmSync(dataDir, { recursive: true, force: true })
})

/** Writes down what it is asked. */
class Recorder implements PluginHandler {
  readonly calls: string[] = []
  readonly plugins: Plugin[] = []
  refusals = 0
  readonly #refuses: (plugin: Plugin) => string | undefined
  constructor(refuses: (plugin: Plugin) => string | undefined = () => undefined) {
    this.#refuses = refuses
  }
  validate(plugin: Plugin) {
    const why = this.#refuses(plugin)
    if (why !== undefined) throw new Error(why)
  }
  async register(plugin: Plugin) {
    if (this.refusals-- > 0) throw new Error('not now')
    this.plugins.push(plugin)
    this.calls.push(`register ${plugin.name}`)
  }
  async deregister({ name }: Plugin) {
    this.calls.push(`deregister ${name}`)
  }
}

async function manage(handlers: Partial<Record<PluginType, PluginHandler>>, folder = dataDir) {
  const manager = new PluginManager({ dataDir: folder, handlers, clock: systemClock, log: silentLog })
  let isOver = false
  const end = async () => {
    if (!isOver) await manager[Symbol.asyncDispose]()
    isOver = true
  }
  ends.push(end)
  await manager.start()
  return end
}

async function plugin(info: Parameters<typeof announce>[1], name = 'driver-reg.sock', folder = dataDir) {
  const announced = await announce(join(folder, 'plugins_registry', name), info)
  ends.push(async () => announced[Symbol.asyncDispose]())
  return announced
}

const csi = { type: 'CSIPlugin', name: 'csi.example.com', endpoint: '/var/lib/kubelet/plugins/a/csi.sock' }

describe('PluginManager', () => {
  it('hands a plugin to what knows its type, and tells it so', async () => {
    const handler = new Recorder()
    await manage({ CSIPlugin: handler })
    const announced = await plugin({ ...csi, supportedVersions: ['1.0.0'] })
    await eventually(() => expect(announced.statuses).toEqual([{ pluginRegistered: true, error: '' }]))
    expect(handler.plugins).toEqual([
      { name: 'csi.example.com', supportedVersions: ['1.0.0'], endpoint: join(dataDir, 'plugins/a/csi.sock') },
    ])
  })

  it('takes many at once, and Node warns of nothing', async () => {
    const warnings: string[] = []
    const note = ({ name, message }: Error) => void warnings.push(`${name}: ${message}`)
    process.on('warning', note)
    ends.push(() => Promise.resolve(void process.off('warning', note)))
    const names = Array.from({ length: 20 }, (_, i) => `csi-${i}.example.com`)
    for (const name of names) await plugin({ ...csi, name }, `${name}-reg.sock`)
    const handler = new Recorder()
    await manage({ CSIPlugin: handler })
    await eventually(() => expect(handler.plugins.map(({ name }) => name).sort()).toEqual(names.toSorted()))
    expect(warnings).toEqual([])
  })

  it('finds those that were there before it', async () => {
    const announced = await plugin({ ...csi, endpoint: '' })
    const handler = new Recorder()
    await manage({ CSIPlugin: handler })
    await eventually(() => expect(announced.statuses).toHaveLength(1))
    expect(handler.plugins[0]?.endpoint).toBe(join(dataDir, 'plugins_registry/driver-reg.sock'))
  })

  it('finds them in folders below, and passes over what is hidden or no socket', async () => {
    const handler = new Recorder()
    await manage({ CSIPlugin: handler })
    await plugin({ ...csi, name: 'hidden' }, '.hidden.sock')
    writeFileSync(join(dataDir, 'plugins_registry/file.sock'), '')
    mkdirSync(join(dataDir, 'plugins_registry/below'))
    await plugin({ ...csi, name: 'below' }, 'below/x.sock')
    await eventually(() => expect(handler.calls).toEqual(['register below']))
  })

  it('ends a plugin whose socket goes', async () => {
    const handler = new Recorder()
    await manage({ CSIPlugin: handler })
    const announced = await plugin(csi)
    await eventually(() => expect(handler.calls).toHaveLength(1))
    await announced[Symbol.asyncDispose]()
    await eventually(() => expect(handler.calls).toEqual(['register csi.example.com', 'deregister csi.example.com']))
  })

  it('takes a socket that was made anew as another plugin', async () => {
    const handler = new Recorder()
    await manage({ CSIPlugin: handler })
    await plugin(csi)
    await eventually(() => expect(handler.calls).toHaveLength(1))
    const second = await plugin(csi)
    await eventually(() => expect(second.statuses).toHaveLength(1))
    expect(handler.calls).toEqual([
      'register csi.example.com', 'deregister csi.example.com', 'register csi.example.com',
    ]) // prettier-ignore
  })

  it('says why it takes none of an unknown type', async () => {
    await manage({})
    const announced = await plugin({ ...csi, type: 'constructor' })
    const why = `RegisterPlugin error -- no handler registered for plugin type: constructor at socket ${dataDir}/plugins_registry/driver-reg.sock`
    await eventually(() => expect(announced.statuses[0]).toEqual({ pluginRegistered: false, error: why }))
  })

  it('says why one is not valid', async () => {
    await manage({ CSIPlugin: new Recorder(({ name }) => `${name} is too old`) })
    const announced = await plugin(csi)
    const error = 'RegisterPlugin error -- plugin validation failed with err: csi.example.com is too old'
    await eventually(() => expect(announced.statuses[0]).toEqual({ pluginRegistered: false, error }))
  })

  it('tries again later when registering fails', async () => {
    const handler = new Recorder()
    handler.refusals = 1
    await manage({ CSIPlugin: handler })
    const announced = await plugin(csi)
    await eventually(() => expect(announced.statuses).toHaveLength(2))
    expect(announced.statuses).toEqual([
      { pluginRegistered: false, error: 'RegisterPlugin error -- plugin registration failed with err: not now' },
      { pluginRegistered: true, error: '' },
    ])
  })

  it('leaves plugins as they are when it ends; the next one registers them again', async () => {
    const handler = new Recorder()
    const end = await manage({ CSIPlugin: handler })
    const announced = await plugin(csi)
    await eventually(() => expect(announced.statuses).toHaveLength(1))
    await end()
    expect(handler.calls).toEqual(['register csi.example.com'])
    const next = new Recorder()
    await manage({ CSIPlugin: next })
    await eventually(() => expect(announced.statuses).toHaveLength(2))
    expect(next.calls).toEqual(['register csi.example.com'])
  })

  it('gives up one that is not taken yet when it ends', async () => {
    let begin: (() => void) | undefined
    const begun = new Promise<void>(resolve => (begin = resolve))
    const slow: PluginHandler = {
      validate: () => undefined,
      register: (_plugin, signal) =>
        new Promise((_resolve, reject) => {
          begin?.()
          signal.addEventListener('abort', () => reject(signal.reason as Error))
        }),
      deregister: async () => undefined,
    }
    const end = await manage({ CSIPlugin: slow })
    await plugin({ ...csi, supportedVersions: ['1.0.0'] })
    await begun
    await end()
  })
  it('reaches sockets whose path is longer than the kernel takes', async () => {
    const deep = join(dataDir, 'x'.repeat(120))
    const handler = new Recorder()
    await manage({ CSIPlugin: handler }, deep)
    await plugin(csi, 'driver-reg.sock', deep)
    await eventually(() => expect(handler.calls).toHaveLength(1))
  })
})

describe('the kubelet folder', () => {
  it('is the data folder for whoever names a path in it, and for nobody else', () => {
    expect(ownPath('/data', '/var/lib/kubelet')).toBe('/data')
    expect(ownPath('/data', '/var/lib/kubelet/')).toBe('/data/')
    expect(ownPath('/data', '/var/lib//kubelet/plugins/a')).toBe('/data/plugins/a')
    expect(ownPath('/data', '/var/lib/kubelet/../etc')).toBe('/var/lib/kubelet/../etc')
    expect(ownPath('/data', '/var/lib/kubelet-other/plugins')).toBe('/var/lib/kubelet-other/plugins')
    expect(knownPath('/data', '/data/pods/a')).toBe('/var/lib/kubelet/pods/a')
  })

  it('is where hostPath volumes that name it lead', async () => {
    const source = { path: '/var/lib/kubelet/device-plugins', type: 'DirectoryOrCreate' }
    expect(await prepareHostPath(source, { dataDir, tools: {} })).toBe(join(dataDir, 'device-plugins'))
    await expect(
      prepareHostPath({ path: '/var/lib/kubelet/none', type: 'Socket' }, { dataDir, tools: {} }),
    ).rejects.toThrow('hostPath type check failed: /var/lib/kubelet/none is not a socket file')
    const tools = { logFolder: join(dataDir, 'log') }
    const logs = { path: '/var/log/pods', type: 'DirectoryOrCreate' }
    expect(await prepareHostPath(logs, { dataDir, tools })).toBe(join(dataDir, 'log/pods'))
  })

  it('has the folder that manifests of drivers mount whole, before any driver is there', async () => {
    await manage({})
    const source = { path: '/var/lib/kubelet/plugins', type: 'Directory' }
    expect(await prepareHostPath(source, { dataDir, tools: {} })).toBe(join(dataDir, 'plugins'))
  })

  it('is linked to for programs of the host, unless something is there', async () => {
    const at = join(dataDir, 'var/lib/kubelet')
    expect(await linkKubeletFolder('/data', at)).toBeUndefined()
    expect(readlinkSync(at)).toBe('/data')
    expect(await linkKubeletFolder('/data', at)).toBeUndefined()
    expect(await linkKubeletFolder('/other', at)).toMatch(/is there already/)
    await unlinkKubeletFolder('/other', at)
    expect(readlinkSync(at)).toBe('/data')
    await unlinkKubeletFolder('/data', at)
    expect(() => readlinkSync(at)).toThrow(/ENOENT/)
  })
})
