// The sheet for wx.onNeedPrivacyAuthorization; every page that uses such an interface holds one. It stays open while
// the guide is read, which WeChat shows as a page of its own.
Component({
  data: { show: false, contract: '《隐私保护指引》' },
  pageLifetimes: {
    show() {
      this.attach()
    },
  },
  lifetimes: {
    attached() {
      this.attach()
    },
    detached() {
      if (this.data.show) getApp().privacy.disagree()
    },
  },
  methods: {
    attach() {
      getApp().privacy.attach(() => this.ask())
    },
    ask() {
      this.setData({ show: true })
      wx.getPrivacySetting({
        success: ({ privacyContractName }) => {
          if (privacyContractName) this.setData({ contract: privacyContractName })
        },
      })
    },
    read() {
      wx.openPrivacyContract({ fail: () => wx.navigateTo({ url: '/pages/terms/terms' }) })
    },
    agree() {
      this.setData({ show: false })
      getApp().privacy.agree('agree')
    },
    refuse() {
      this.setData({ show: false })
      getApp().privacy.disagree()
    },
  },
})
