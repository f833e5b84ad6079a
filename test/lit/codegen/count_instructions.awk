# Instructions of each function of an assembly listing: all (without s_delay_alu), of LDS, with DPP.
/^[a-z_0-9]+:/ { name = $1 }
/^\t[a-z]+_/ && !/s_code_end|s_delay_alu/ {
  all[name]++
  lds[name] += $1 ~ /^ds_/
  dpp[name] += /_dpp/
}
END {
  for (name in all)
    print name, all[name], "ds", lds[name], "dpp", dpp[name] | "sort"
}
