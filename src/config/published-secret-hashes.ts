/**
 * Short hashes of published secrets that look random: from widely copied tutorials and templates, and from the list
 * `Passwords/scraped-JWT-secrets.txt` of SecLists (https://github.com/danielmiessler/SecLists, MIT License). See
 * `published-secrets.ts`. Written by `scripts/published-secrets.js`.
 */
export const HASHES = `
-a0PJtO5 -vSt9ii_ 0qnDu3JV 1DHuY9PT 1DzVIZKu 1LkeCwdQ 1US7Rue_ 1zqPk6iS 2qFCiiil 2wSFLfzq 3cl1RuLn 3iJNMfVa 4jXx0PSK
62GbsWBM 6E9SUJhC 6EXVP_WJ 6Nnyqh-N 6Vwzprly 6a4LIJ8w 6biCyGJd 7O1h4w8Q 7Sox1_Y- 7uMZXyfl 8CG6usvy 8FyspmlC 8eXamHxg
8hX6-diL 8l7Con2b 8wUvZXFr 9KIGislz 9Sn-ZBkV 9Vq7_wBB 9_icaRu- 9k5WvQFu 9sXGi0wA AoYjNP7q B4FU-TVD BNTuexn6 B_pkTftN
C0oSYj3_ CNbS8Qfb CeXPc0lS DfpjwnxF DftTVeHL ETRZ63uz EtELlg5j F04cNZ88 F0n4yGW9 FEaep35h FZA5BrHO FvwlqXer GIfrJ5PN
GTEVpU5Y GuSdt_h9 HStljN4q I2Tatuo7 IGx7w8a7 IOxvM3Yu J0n8SlZl K5OF0iET KPPfx5-k KiOpzeN3 Kr70XT_f L5J9sZ5W LQj4y_IQ
MTQOdACz Mv0bBAVy MvV5RMdT N-nUYTc3 NE-JDYJ4 NG314rpT NGNJk0xZ NV_1-LJi NWuDydez NefXSAX0 O6h3q_LQ OEr56EVI OnQ3BnRC
Ozxa0k4X P24L87G_ PZG1hQSm Puk5Jqiq Px1pGcup PyzY5XsJ QjzKct96 Qz2X2EqP S16NpaTH SM7FdRA5 SSS8x6p- ShffDrPq SwI5Htnd
UCLT-56s ULfMvLfP UP9NWUNu URGYI56i Urvqde51 UtHOZt0f VGG2b2T7 VUYBOSOl VpOc0GL1 Vw2tQ94a WKnS-noV WX4zGLWv WpRb4RRN
WtqRwT9U Wz8_1vqI X2NB2a0V X98pjpoM Xfc-GqWd XlXz1uEy XwfKBV6g Yb8sz5vw Yo0gemSZ Z10UQ97_ ZXdRB2Lk _0GVQCiv _QwZZH5p
_mCh4tdx _sqWk6Kv a8F8isEd aQJPIemt bnT8kgim cDgJIyev cJPfI5Qm caOEjJZo cnpoF3uY cp7ffgiE eDp8RLBH ex9YkwV_ ez2XnKgz
f9PStxFq g4t_hI1c gyDcsrHf hS52MbsY hz-wiUWn iErP3fzk izF4n2Qp j2i4Iaqz jBdMz7Hh jMMo8vWR jeAXyN9C kTb6gyxu m05YKRIe
mElN5Bss mO1qoxdW meP4_6PE mzQ0SS-H n53R0uPx n7AGBWwz nQLOdatr nrv0BE1h nxkmwR__ oC5c2vDF o_aMAkPw odAAz0Q4 on1muiuy
pRfv3L9f pWurZEZC pZUJs9aA paKqH5VN pl-8Q-hI pstfjdtP qSQnkFN1 qgpdD123 qmwcSA2K r2TDkZUf rD4nrbIA rgD5XFdx rmARjrnC
sLg4tr2M svEzFYOW td-99AIz uKgJd0Dw uNkgrNk4 uni_tq6r v-01HmPw vYueXgqp wYx_L_Pu waFsMKbl xRgq_lT2 y5v59LtM yCP2wPBM
yOItNDTe yprLukjz z0aTagFi zSAtDOPU zTcvuFFI zoyHLdvf
`;
