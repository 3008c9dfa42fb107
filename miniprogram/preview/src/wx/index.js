// wx.* for the browser: what this mini-program uses. A missing interface fails by its name.

import { call } from './call.js'
import { clipboard } from './clipboard.js'
import { dialogs } from './dialogs.js'
import { Files } from './files.js'
import { media } from './media.js'
import { network } from './network.js'
import { makePrivacy } from './privacy.js'
import { storage } from './storage.js'
import { TIMELINE } from '../device.js'

/** What WeChat turns off in the timeline's single-page mode. */
const OFF_IN_TIMELINE = new Set(['login', 'checkSession', 'navigateTo', 'redirectTo', 'reLaunch', 'navigateBack', 'saveImageToPhotosAlbum'])
/** The base library whose behaviour is followed. */
const SDK_VERSION = '3.4.2'

export function makeWx({ host, shell, device }) {
  const files = new Files()
  const { modal, api: dialogApi } = dialogs({ shell })
  const privacy = makePrivacy({ shell, device })
  const dark = matchMedia('(prefers-color-scheme: dark)')

  /** What WeChat said at the last login: getUserInfo signs with that session's key. */
  let last = null
  const simulator = async (path) => {
    const reply = await fetch(`${device.base}/dev/wx/${path}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ user: device.user }),
    })
    if (!reply.ok) throw new Error(`the simulator answered ${reply.status}`)
    return reply.json()
  }
  const login = async () => {
    last = await simulator('login')
    return last
  }

  const api = {
    ...storage({ device }),
    ...network({ shell, files }),
    ...dialogApi,
    ...media({ host, shell, device, files, modal, sheet: dialogApi.showActionSheet, privacy }),
    ...privacy.api,
    /** What the buttons' open-types need of the phone. */
    preview: {
      privacy,
      /** A card or a code that is tapped while the app is in the background. */
      enter: (target, scene) => host.enter(target, scene),
      /** Behind open-type="getPhoneNumber". @returns {Promise<object>} the event's detail */
      async phone() {
        const errMsg = (said) => ({ errMsg: `getPhoneNumber:${said}` })
        try {
          await privacy.needed('getPhoneNumber')
          const allowed = await modal({ title: '“一笔到底”申请', content: '使用你的手机号', cancelText: '不允许', confirmText: '允许' })
          if (!allowed) return errMsg('fail user deny')
          const { code, encrypted_data: encryptedData, iv } = await simulator('phone')
          return { ...errMsg('ok'), code, encryptedData, iv }
        } catch (error) {
          return error.errMsg ? error : errMsg(`fail ${error.message}`)
        }
      },
    },

    login: (options) => call('login', options, (ok, no) => { login().then(({ code }) => ok({ code }), no) }),
    getUserInfo: (options) => call('getUserInfo', options, (ok, no) => {
      Promise.resolve(last ?? login()).then((said) => ok({
        rawData: said.raw_data,
        userInfo: JSON.parse(said.raw_data),
        signature: said.signature,
        encryptedData: said.encrypted_data,
        iv: said.iv,
      }), no)
    }),
    checkSession: (options) => call('checkSession', options, (ok) => ok()),

    navigateTo: (options) => call('navigateTo', options, (ok) => { host.open(options.url); ok() }),
    redirectTo: (options) => call('redirectTo', options, (ok) => { host.open(options.url, 'redirectTo'); ok() }),
    reLaunch: (options) => call('reLaunch', options, (ok) => { host.open(options.url, 'reLaunch'); ok() }),
    navigateBack: (options) => call('navigateBack', options, (ok) => { host.back(options?.delta ?? 1); ok() }),
    setNavigationBarTitle: (options) => call('setNavigationBarTitle', options, (ok) => { host.top.title = options.title; host.decorate(); ok() }),
    startPullDownRefresh: (options) => call('startPullDownRefresh', options, (ok) => { host.refresh(); ok() }),
    stopPullDownRefresh: (options) => call('stopPullDownRefresh', options, (ok) => { for (const { stopPull } of host.stack) stopPull?.(); ok() }),

    getWindowInfo: () => ({
      pixelRatio: devicePixelRatio,
      windowWidth: shell.size.width,
      windowHeight: shell.size.height,
      screenWidth: shell.size.width,
      screenHeight: shell.size.screenHeight,
      statusBarHeight: 0,
    }),
    getDeviceInfo: () => ({ brand: '预览', model: `手机 ${device.number}`, platform: 'devtools', system: 'Browser' }),
    getAppBaseInfo: () => ({ SDKVersion: SDK_VERSION, language: 'zh_CN', version: '8.0.50', theme: dark.matches ? 'dark' : 'light' }),
    getAccountInfoSync: () => ({ miniProgram: { appId: 'touristappid', envVersion: 'develop', version: '' } }),

    openPrivacyContract: (options) => call('openPrivacyContract', options, (ok, no) => no({ errMsg: 'openPrivacyContract:fail no contract' })),

    getEnterOptionsSync: () => host.entry,
    setClipboardData: privacy.guard('setClipboardData', clipboard({ shell, showToast: dialogApi.showToast })),
    vibrateShort: (options) => call('vibrateShort', options, (ok) => ok()),
    // The preview has no question before the way back.
    enableAlertBeforeUnload: (options) => call('enableAlertBeforeUnload', options, (ok) => ok()),
    disableAlertBeforeUnload: (options) => call('disableAlertBeforeUnload', options, (ok) => ok()),
  }

  return new Proxy(api, {
    get(target, name) {
      if (OFF_IN_TIMELINE.has(name) && host.entry?.scene === TIMELINE) return (options) => call(name, options, (ok, no) => no({ errMsg: `${name}:fail can not be invoked in single page mode` }))
      if (name in target || typeof name === 'symbol') return target[name]
      console.warn(`wx.${name} is not in the preview`)
      return undefined
    },
  })
}
