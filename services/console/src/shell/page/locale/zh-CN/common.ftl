# Around every page.
skip-to-content = 跳到内容
menu = 菜单
find-a-domain = 查找域名
sign-out = 退出登录
live-over = 会话已结束，本页内容不再更新。
live-sign-in = 重新登录
live-lost = 连接已断开，本页内容可能已过时。正在重新连接。
unread-entries = { $count ->
    [0] 站内信，没有未读
   *[other] 站内信，{ $count } 条未读
}
section-overview = 总览
section-domains = 域名
section-anomalies = 异常
section-notification = 通知
section-contacts = 联系人
section-inbox = 站内信
section-deliveries = 投递记录
section-audit = 审计
section-settings = 设置
section-account = 账号

# Time.
moment-now = 刚刚
moment-ago = { $value }前
moment-in = { $value }后
span-seconds = { $count } 秒
span-minutes = { $count } 分钟
span-hours = { $count } 小时
span-days = { $count } 天
span-years = { $count } 年

# States of a domain.
state-enabling = 启用中
state-secure = 安全
state-abnormal = 异常
state-enable-failed = 启用失败
state-unknown = 未知
state-disabled = 已停用

# Severities.
severity-info = 提示
severity-warning = 警告
severity-critical = 严重

# Kinds.
kind-enable-failed = 启用失败
kind-expired = 已过期
kind-expiring = 即将过期
kind-chain-incomplete = 证书链不完整
kind-name-mismatch = 域名不匹配
kind-recovered = 已恢复
kind-untrusted = 不受信任
kind-not-yet-valid = 尚未生效
kind-revoked = 已吊销
kind-unreachable = 无法访问
kind-mixed-certificates = 证书不一致
kind-weak = 强度不足
kind-renewal-overdue = 续期逾期
kind-not-observed = 未能观测
kind-certificate-changed = 证书已更换
kind-prober-blind = 探测器失效

# When it does not work.
oops-absent = 找不到
oops-stranger = 请先登录
oops-forbidden = 您没有此权限
oops-conflict = 与当前状态冲突
oops-too-many = 请求过多
oops-ours = 服务出现故障
oops-invalid = 内容不符合要求
oops-no-page = 没有这个页面：地址可能有误，或页面已移走。
oops-home = 返回总览

# Lists and forms.
filter = 筛选
search = 搜索
show-all = 显示全部
all = 全部
actions = 操作
pages = 翻页
page-first = 第一页
page-next = 下一页
colon = ：
list-comma = 、
list-more = {" "}等，另有 { $count } 项
save = 保存
cancel = 取消
close = 关闭
language = 语言
language-en = English
language-zh-CN = 简体中文
time-zone = 时区
form-mistakes = 有内容不符合要求，请看下方。
form-outrun = 在此期间有人修改过。取消可查看修改内容，再次保存将覆盖该修改。
wrong-version = 页面已过期，请重新加载。
