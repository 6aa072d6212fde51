// A window of the app, as it asks for something.
import type { BrowserWindow } from 'electron'
import type { KnownCluster } from '../../preload/channels.ts'
import type { AccessSource } from './clusters/access.ts'
import type { PortForwards } from './port-forwards.ts'
import type { StreamBridge } from './stream-bridge.ts'

/** A window of ours, and what it may ask about its own cluster. */
export interface AskingWindow {
  readonly window: BrowserWindow
  /** The cluster that it shows; undefined: the app's own. */
  readonly other: KnownCluster | undefined
  readonly streams: StreamBridge
  /** The way into its cluster. */
  readonly access: AccessSource
  readonly forwards: PortForwards
}
