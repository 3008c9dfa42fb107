// wx storage in localStorage, apart for each phone and user, with WeChat's limits.

import { call } from './call.js'

const MOST_IN_ONE = 1024 * 1024
const MOST = 10 * 1024 * 1024

export function storage({ device: { prefix } }) {
  const keys = () => Object.keys(localStorage).filter((key) => key.startsWith(prefix))
  const size = () => keys().reduce((sum, key) => sum + key.length + localStorage.getItem(key).length, 0)

  const sync = {
    setStorageSync(key, value) {
      const text = JSON.stringify(value)
      if (text.length > MOST_IN_ONE) throw Object.assign(new Error('setStorageSync:fail data exceeds 1MB'), { errMsg: 'setStorageSync:fail' })
      try {
        localStorage.setItem(prefix + key, text)
      } catch {
        throw Object.assign(new Error('setStorageSync:fail exceed storage max size'), { errMsg: 'setStorageSync:fail exceed storage max size' })
      }
    },
    getStorageSync(key) {
      const text = localStorage.getItem(prefix + key)
      return text === null ? '' : JSON.parse(text)
    },
    removeStorageSync(key) {
      localStorage.removeItem(prefix + key)
    },
    clearStorageSync() {
      for (const key of keys()) localStorage.removeItem(key)
    },
    getStorageInfoSync() {
      return { keys: keys().map((key) => key.slice(prefix.length)), currentSize: Math.ceil(size() / 1024), limitSize: MOST / 1024 }
    },
  }
  return {
    ...sync,
    setStorage: (options) => call('setStorage', options, (ok) => { sync.setStorageSync(options.key, options.data); ok() }),
    getStorage: (options) => call('getStorage', options, (ok, no) => {
      if (localStorage.getItem(prefix + options.key) === null) no({ errMsg: 'getStorage:fail data not found' })
      else ok({ data: sync.getStorageSync(options.key) })
    }),
    removeStorage: (options) => call('removeStorage', options, (ok) => { sync.removeStorageSync(options.key); ok() }),
  }
}
