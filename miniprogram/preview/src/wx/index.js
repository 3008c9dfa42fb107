// wx.* for the browser: what this mini-program uses. A missing interface fails by its name.

import { call } from './call.js'
import { dialogs } from './dialogs.js'
import { Files } from './files.js'
import { media } from './media.js'
import { network } from './network.js'
import { storage } from './storage.js'

/** The base library whose behaviour is followed. */
const SDK_VERSION = '3.4.2'

export function makeWx({ host, shell, device }) {
  const files = new Files()
  const { modal, api: dialogApi } = dialogs({ shell })
  const dark = matchMedia('(prefers-color-scheme: dark)')

  const login = async () => {
    const reply = await fetch(`${device.base}/dev/wx/login`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ user: device.user }),
    })
    if (!reply.ok) throw new Error(`the simulator answered ${reply.status}`)
    return reply.json()
  }

  const api = {
    ...storage({ device }),
    ...network({ shell, files }),
    ...dialogApi,
    ...media({ host, shell, device, files, modal }),

    login: (options) => call('login', options, (ok, no) => { login().then(({ code }) => ok({ code }), no) }),
    getUserInfo: (options) => call('getUserInfo', options, (ok, no) => {
      login().then((said) => ok({
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

    getPrivacySetting: (options) => call('getPrivacySetting', options, (ok) => ok({ needAuthorization: false, privacyContractName: '《隐私保护指引》' })),
    onNeedPrivacyAuthorization() {},
    openPrivacyContract: (options) => call('openPrivacyContract', options, (ok, no) => no({ errMsg: 'openPrivacyContract:fail no contract' })),

    setClipboardData: (options) => call('setClipboardData', options, (ok, no) => {
      navigator.clipboard.writeText(options.data).then(() => {
        dialogApi.showToast({ title: '内容已复制' })
        ok()
      }, no)
    }),
    vibrateShort: (options) => call('vibrateShort', options, (ok) => ok()),
  }

  return new Proxy(api, {
    get(target, name) {
      if (name in target || typeof name === 'symbol') return target[name]
      console.warn(`wx.${name} is not in the preview`)
      return undefined
    },
  })
}
