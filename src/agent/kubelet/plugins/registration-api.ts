// How a plugin tells the kubelet what it is: it serves this on a socket in `plugins_registry`.
//
// @see https://github.com/kubernetes/kubelet/tree/master/pkg/apis/pluginregistration
import { bool, type Decoded, manyTexts, message, text } from '../../../shared/protobuf/message.ts'
import { method } from './rpc.ts'

const infoRequest = message({})
const pluginInfo = message({ type: text(1), name: text(2), endpoint: text(3), supportedVersions: manyTexts(4) })
const registrationStatus = message({ pluginRegistered: bool(1), error: text(2) })
const registrationStatusResponse = message({})

export type PluginInfo = Decoded<typeof pluginInfo>

export const getInfo = method('pluginregistration.Registration/GetInfo', infoRequest, pluginInfo)
export const notifyRegistrationStatus = method(
  'pluginregistration.Registration/NotifyRegistrationStatus',
  registrationStatus,
  registrationStatusResponse,
)
